/**
 * @file What each column is for. In: a tally of every column, what the user asked, and how an earlier file was read.
 * Out: Columns with kind, role and reason. The user's word wins, then the earlier reading, then inference.
 */
import { cellReader } from "./cells.ts";
import { DataError, nameList, nearestName } from "./data-error.ts";
import type { ColumnSetting, ResolvedColumn } from "./dataset.ts";
import { inferKind, inferSpelling } from "./infer.ts";
import { measureColumn } from "./measure.ts";
import { missingTokens } from "./missing.ts";
import { type Column, type ColumnKind, type ColumnRole, holdsFiles, isFileKind, type Spelling } from "./records.ts";
import { type ColumnTally, withoutTexts } from "./tally.ts";

export interface RoleChoices {
  readonly columns: Readonly<Record<string, ColumnSetting>>;
  readonly label?: string;
  readonly splitColumn?: string;
  readonly groupColumn?: string;
  readonly stratifyColumn?: string;
  readonly idColumn?: string;
  /** Kinds and roles of an earlier reading. Where given, columns it does not know are left aside. */
  readonly resolved?: Readonly<Record<string, ResolvedColumn>>;
  /** What the source itself tells of its columns. */
  readonly implied?: Readonly<Record<string, ImpliedKind>>;
}

export interface ImpliedKind {
  readonly kind: ColumnKind;
  readonly why: string;
}

/** What only the file itself can tell about columns that may name rows or splits. */
export interface ColumnFacts {
  readonly tally: ColumnTally;
  /** No two cells alike and none empty, whatever they hold. */
  readonly unique: boolean;
  /** Every cell is train, validation or test by some name. */
  readonly namesSplits: boolean;
}

export function resolveColumns(facts: readonly ColumnFacts[], choices: RoleChoices): Column[] {
  const columns = facts.map((fact) => resolveColumn(fact, choices));
  return columns.map((column, index) => {
    const rival = columns.findIndex(({ role }) => role === column.role);
    const single = column.role === "id" || column.role === "split";
    // Two columns that could name the rows: the first does, unless the user chose.
    return single && rival < index ? { ...column, role: "ignored" as const } : column;
  });
}

function resolveColumn(fact: ColumnFacts, choices: RoleChoices): Column {
  const { tally } = fact;
  const { name } = tally;
  const setting = own(choices.columns, name);
  const earlier = own(choices.resolved, name);
  const { kind, spelling, why } = resolveKind(tally, setting, earlier, own(choices.implied, name));
  const chosen = chosenRole(name, choices) ?? withoutName(setting?.role);
  const [role, whyRole] = chosen ? [chosen, roleReason(chosen)] : impliedRole(fact, kind, choices);
  return {
    name,
    kind,
    role,
    why: whyRole ? `${why}; ${whyRole}` : why,
    ...measureColumn(tally, kind, spelling),
    examples: examplesOf(tally, kind, spelling),
    ...(spelling ? { spelling } : {}),
  };
}

/** A modality of the user's own reads files where there are any, else the text as it stands. */
const rawKind = (inferred: ColumnKind): ColumnKind => (holdsFiles(inferred) ? inferred : "text");

interface Kind {
  readonly kind: ColumnKind;
  readonly spelling?: Spelling;
  readonly why: string;
}

/**
 * The user's word, then the earlier reading, then what the source tells, then inference. The spelling is looked for anew where
 * the user says the kind.
 */
function resolveKind(
  tally: ColumnTally,
  setting: ColumnSetting = {},
  earlier?: ResolvedColumn,
  implied?: ImpliedKind,
): Kind {
  const { spelling: told } = setting;
  const said = setting.kind ?? kindOfSpelling(told);
  if (said === undefined && earlier) {
    const { kind, spelling } = earlier;
    return { kind, ...(spelling && { spelling }), why: "as the model was trained" };
  }
  const counts = withoutTexts(tally.counts, told?.missing ?? []);
  const known = { ...tally, counts };
  if (said === undefined) {
    const inferred = inferKind(known);
    if (setting.modality) return { kind: rawKind(inferred.kind), why: "as the config says" };
    const kind = implied && inferred.kind !== "empty" ? implied.kind : inferred.kind;
    const found = kind === inferred.kind ? inferred.spelling : inferSpelling(known, kind);
    const spelling = told ? withTold(found, told) : found;
    return {
      kind,
      ...(spelling && { spelling }),
      why: implied && inferred.kind !== "empty" ? implied.why : inferred.why,
    };
  }
  // The same kind as before is spelled as before.
  const found = earlier?.kind === said ? earlier.spelling : inferSpelling(known, said);
  const spelling = withLevels(told ? withTold(found, told) : found, setting);
  return { kind: said, ...(spelling && { spelling }), why: "as the config says" };
}

const kindOfSpelling = ({ dates, separator, booleans }: ColumnSetting["spelling"] = {}): ColumnKind | undefined =>
  dates ? "date" : separator !== undefined ? "multilabel" : booleans ? "boolean" : undefined;

/** What the user says of the spelling; tokens come on top of the usual ones. */
function withTold(found: Spelling | undefined, { missing, ...told }: NonNullable<ColumnSetting["spelling"]>): Spelling {
  const usual = found?.missing ?? missingTokens.filter((token) => token !== "");
  return { ...found, ...told, ...(missing && { missing: [...new Set([...usual, ...missing])] }) };
}

/** Levels that the user lists are words, unless all are numbers. */
function withLevels(spelling: Spelling | undefined, { kind, options }: ColumnSetting): Spelling | undefined {
  const levels = options?.levels;
  if (kind !== "ordinal" || !Array.isArray(levels) || levels.every((level) => typeof level === "number"))
    return spelling;
  return { ...spelling, levels: levels.map(String) };
}

/** Up to three different values, shortened. */
function examplesOf({ counts }: ColumnTally, kind: ColumnKind, spelling?: Spelling): string[] {
  const read = cellReader(isFileKind(kind) ? "text" : kind, spelling);
  const found: string[] = [];
  for (const text of counts.keys()) {
    const reading = read(text);
    if (reading.value === null && !reading.fault) continue;
    found.push(text.length > 40 ? `${text.slice(0, 39)}…` : text);
    if (found.length === 3) break;
  }
  return found;
}

/** A column may be called "constructor". */
function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}

function chosenRole(name: string, choices: RoleChoices): ColumnRole | undefined {
  if (name === choices.label) return "label";
  if (name === choices.splitColumn) return "split";
  if (name === choices.groupColumn) return "group";
  return name === choices.idColumn ? "id" : undefined;
}

/** A role that one column holds, asked for by the config, while the choices name another column for it: left aside. */
function withoutName(role: ColumnRole | undefined): ColumnRole | undefined {
  return role === undefined || role === "feature" ? role : "ignored";
}

function impliedRole(fact: ColumnFacts, kind: ColumnKind, choices: RoleChoices): [ColumnRole, string?] {
  const { name } = fact.tally;
  const earlier = own(choices.resolved, name);
  // Of an earlier label only the one that is asked for now still judges; the other was not learnt either.
  if (earlier?.role === "label" && choices.label !== name) return ["ignored", "another column is the label"];
  if (earlier)
    return earlier.role === "id" && !fact.unique ? ["ignored", "values repeat, so they name no row"] : [earlier.role];
  const isSplit = /^split$/i.test(name) && fact.namesSplits && choices.splitColumn === undefined;
  if (isSplit) return ["split", "named split, and its values are splits"];
  const isId = /^id$/i.test(name) && fact.unique && choices.idColumn === undefined;
  if (isId && own(choices.columns, name)?.kind === undefined) return ["id", "named id, and no two values are alike"];
  if (choices.resolved) return ["ignored", "the model does not know this column"];
  return kind === "identifier" || kind === "constant" || kind === "empty" ? ["ignored"] : ["feature"];
}

function roleReason(role: ColumnRole): string {
  const reasons: Record<ColumnRole, string> = {
    feature: "learnt, as the config says",
    label: "kept out of the model, used only to judge it",
    split: "decides the split",
    group: "its rows stay in one split",
    id: "names the rows",
    ignored: "left aside, as the config says",
  };
  return reasons[role];
}

/** @throws DataError where the user named a column that the file does not have. */
export function checkNames(source: string, names: readonly string[], choices: RoleChoices): void {
  const asked: [string, string | undefined][] = [
    ["the label", choices.label],
    ["the split column", choices.splitColumn],
    ["the group column", choices.groupColumn],
    ["the column to stratify by", choices.stratifyColumn],
    ["the id column", choices.idColumn],
    ...Object.keys(choices.columns).map((name): [string, string] => ["a column of the config", name]),
  ];
  for (const [what, name] of asked) {
    if (name === undefined || names.includes(name)) continue;
    const near = nearestName(name, names);
    throw new DataError(
      `Cannot find column "${name}", ${what}, in ${source}: its columns are ${nameList(names, 24)}. ` +
        (near ? `Did you mean "${near}"?` : "Correct the name."),
    );
  }
}
