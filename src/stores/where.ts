/**
 * @file Conditions on a store's columns, in the part of SQL that people write: `=`, `!=`, `<>`, `<`, `<=`, `>`, `>=`, `IN (…)`,
 * `BETWEEN … AND …`, `LIKE 'a%'`, `IS NULL`, each also with NOT; AND, OR, NOT and parentheses. A column with spaces stands in
 * backticks or double quotes, text in single quotes. In: text and the columns there are. Out: a tree, checked; SQL again for a
 * database; or a verdict on one row, with SQL's three-valued logic (nothing is compared with null).
 */
import { nameList, nearestName } from "../data/data-error.ts";
import type { Scalar } from "../data/records.ts";
import type { StoreColumn } from "./store.ts";
import { type Token, tokenize } from "./where-tokens.ts";

/** A statement about the cell of one column. */
type Predicate = CellTest | { readonly is: "null"; readonly column: string };
type CellTest =
  | { readonly is: "in"; readonly column: string; readonly values: readonly Scalar[] }
  | { readonly is: "like"; readonly column: string; readonly pattern: string }
  | { readonly is: "compare"; readonly column: string; readonly comparison: Comparison; readonly value: Scalar };

export type Condition =
  | { readonly is: "and"; readonly parts: readonly Condition[] }
  | { readonly is: "or"; readonly parts: readonly Condition[] }
  | { readonly is: "not"; readonly part: Condition }
  | Predicate;

const comparisons = ["=", "!=", "<", "<=", ">", ">="] as const;
type Comparison = (typeof comparisons)[number];

export class WhereError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WhereError";
  }
}

/** @throws WhereError naming the place, the column or the value that does not fit */
export function parseWhere(text: string, columns: readonly StoreColumn[]): Condition {
  const refuse = (what: string, remedy = "Write for example: price < 50 AND colour = 'red'."): never => {
    throw new WhereError(`Cannot use the condition "${text}": ${what}. ${remedy}`);
  };
  const tokens = tokenize(text, refuse);
  let at = 0;
  const isWord = (word: string) => tokens[at]?.is === "word" && tokens[at]!.text.toUpperCase() === word;
  const isMark = (mark: string) => tokens[at]?.is === "mark" && tokens[at]!.text === mark;
  const take = (found: boolean): boolean => found && at++ >= 0;
  const expect = (found: boolean, what: string): boolean =>
    take(found) || refuse(`expected ${what} ${place(tokens, at)}`);

  const disjunction = (): Condition => joined("or", "OR", () => joined("and", "AND", negation));
  const joined = (is: "and" | "or", word: string, next: () => Condition): Condition => {
    const parts = [next()];
    while (take(isWord(word))) parts.push(next());
    return parts.length === 1 ? parts[0]! : { is, parts };
  };
  const negation = (): Condition => (take(isWord("NOT")) ? { is: "not", part: negation() } : primary());
  const primary = (): Condition => {
    if (!take(isMark("("))) return predicate();
    const inner = disjunction();
    expect(isMark(")"), "a closing parenthesis");
    return inner;
  };

  const predicate = (): Condition => {
    const column = readColumn();
    if (take(isWord("IS"))) {
      const negated = take(isWord("NOT"));
      expect(isWord("NULL"), "NULL");
      return negate(negated, { is: "null", column: column.name });
    }
    const negated = take(isWord("NOT"));
    if (take(isWord("IN"))) return negate(negated, { is: "in", column: column.name, values: readList(column) });
    if (take(isWord("LIKE"))) return negate(negated, { is: "like", column: column.name, pattern: readPattern(column) });
    if (take(isWord("BETWEEN"))) {
      const low = readValue(column);
      expect(isWord("AND"), "AND between the two bounds");
      const bounds = [
        { is: "compare" as const, column: column.name, comparison: ">=" as const, value: low },
        { is: "compare" as const, column: column.name, comparison: "<=" as const, value: readValue(column) },
      ];
      return negate(negated, { is: "and", parts: bounds });
    }
    const sign = tokens[at]?.is === "mark" ? tokens[at]!.text.replace("<>", "!=").replace("==", "=") : "";
    const comparison = comparisons.find((known) => known === sign);
    if (negated || !comparison) return refuse(`expected a comparison such as = or < ${place(tokens, at)}`);
    at++;
    return { is: "compare", column: column.name, comparison, value: readValue(column) };
  };

  const readColumn = (): StoreColumn => {
    const token = tokens[at];
    if (token?.is !== "word" && token?.is !== "quoted") return refuse(`expected a column ${place(tokens, at)}`);
    at++;
    const names = columns.map(({ name }) => name);
    const known = columns.find(({ name }) => name === token.text);
    const near = nearestName(token.text, names);
    return (
      known ??
      refuse(
        `there is no column "${token.text}"; the columns are ${nameList(names, 24)}`,
        near ? `Did you mean "${near}"?` : "Name one of them.",
      )
    );
  };
  const readValue = (column: StoreColumn): Scalar => {
    const value = scalarOf(tokens[at]);
    if (value === undefined) return refuse(`expected a value for "${column.name}" ${place(tokens, at)}`);
    at++;
    if (typeof value === (column.type === "text" ? "string" : column.type)) return value;
    const example = { text: "'red'", number: "12.5", boolean: "true" }[column.type];
    return refuse(
      `column "${column.name}" holds ${column.type}, found ${JSON.stringify(value)}`,
      `Write for example ${example}.`,
    );
  };
  const readPattern = (column: StoreColumn): string => {
    const value = readValue(column);
    return typeof value === "string"
      ? value
      : refuse(`LIKE compares text, and column "${column.name}" holds ${column.type}`);
  };
  const readList = (column: StoreColumn): Scalar[] => {
    expect(isMark("("), "a list in parentheses");
    const values = [readValue(column)];
    while (take(isMark(","))) values.push(readValue(column));
    expect(isMark(")"), "a closing parenthesis");
    return values;
  };

  const condition = disjunction();
  return at === tokens.length ? condition : refuse(`expected AND, OR or the end ${place(tokens, at)}`);
}

const negate = (negated: boolean, part: Condition): Condition => (negated ? { is: "not", part } : part);

const place = (tokens: readonly Token[], at: number): string => (tokens[at] ? `at "${tokens[at].text}"` : "at the end");

/** A double-quoted word in the place of a value is meant as text. */
function scalarOf(token: Token | undefined): Scalar | undefined {
  if (token === undefined || token.is === "mark") return undefined;
  if (token.is === "text" || token.is === "quoted") return token.text;
  if (token.is === "number") return Number(token.text);
  return { true: true, false: false }[token.text.toLowerCase()];
}

/** How a database writes names and truth. */
export interface SqlDialect {
  column(name: string): string;
  boolean(value: boolean): string;
}

/** The condition as a database reads it. */
export function whereSql(condition: Condition, dialect: SqlDialect): string {
  const literal = (value: Scalar) => {
    if (typeof value === "boolean") return dialect.boolean(value);
    return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
  };
  if (condition.is === "not") return `NOT (${whereSql(condition.part, dialect)})`;
  if (condition.is === "and" || condition.is === "or")
    return condition.parts
      .map((part) => `(${whereSql(part, dialect)})`)
      .join(condition.is === "and" ? " AND " : " OR ");
  const column = dialect.column(condition.column);
  switch (condition.is) {
    case "null":
      return `${column} IS NULL`;
    case "in":
      return `${column} IN (${condition.values.map(literal).join(", ")})`;
    case "like":
      return `${column} LIKE ${literal(condition.pattern)}`;
    case "compare":
      return `${column} ${condition.comparison} ${literal(condition.value)}`;
  }
}

/** True, false, or null where a missing cell leaves it open; a search keeps only what is true. */
export function holds(condition: Condition, row: Readonly<Record<string, Scalar | null>>): boolean | null {
  if (condition.is === "not") {
    const part = holds(condition.part, row);
    return part === null ? null : !part;
  }
  if (condition.is === "and" || condition.is === "or") {
    const decisive = condition.is === "or";
    const parts = condition.parts.map((part) => holds(part, row));
    return parts.includes(decisive) ? decisive : parts.includes(null) ? null : !decisive;
  }
  const cell = row[condition.column] ?? null;
  if (condition.is === "null") return cell === null;
  return cell === null ? null : fits(condition, cell);
}

function fits(predicate: CellTest, cell: Scalar): boolean {
  switch (predicate.is) {
    case "in":
      return predicate.values.includes(cell);
    case "like":
      return likeForm(predicate.pattern).test(String(cell));
    case "compare":
      return compares(predicate.comparison, cell, predicate.value);
  }
}

function compares(comparison: Comparison, cell: Scalar, value: Scalar): boolean {
  switch (comparison) {
    case "=":
      return cell === value;
    case "!=":
      return cell !== value;
    case "<":
      return cell < value;
    case "<=":
      return cell <= value;
    case ">":
      return cell > value;
    case ">=":
      return cell >= value;
  }
}

/** `%` stands for any text, `_` for any one character. */
function likeForm(pattern: string): RegExp {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  const form = [...pattern].map((c) => (c === "%" ? "[^]*" : c === "_" ? "[^]" : literal(c))).join("");
  return new RegExp(`^${form}$`, "u");
}
