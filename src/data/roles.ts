/**
 * @file What each column is for. In: statistics of every column, what the user asked, and how an earlier file was read.
 * Out: Columns with kind, role and reason. The user's word wins, then the earlier reading, then inference.
 */
import { DataError, nameList, nearestName } from "./data-error.ts";
import type { ColumnSetting, ResolvedColumn } from "./dataset.ts";
import { type ColumnStatistics, type Inferred, inferKind } from "./infer.ts";
import type { Column, ColumnKind, ColumnRole } from "./records.ts";

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
  readonly statistics: ColumnStatistics;
  readonly examples: readonly string[];
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
  const { statistics: s } = fact;
  const implied = own(choices.implied, s.name);
  const inferred = implied && s.filled > 0 ? { ...inferKind(s), ...implied } : inferKind(s);
  const setting = own(choices.columns, s.name);
  const earlier = own(choices.resolved, s.name);
  const kind = setting?.kind ?? earlier?.kind ?? (setting?.modality ? rawKind(inferred.kind) : inferred.kind);
  const spelling = earlier && setting?.kind === undefined ? earlier.spelling : inferred.spelling;
  const chosen = chosenRole(s.name, choices) ?? withoutName(setting?.role);
  const [role, whyRole] = chosen ? [chosen, roleReason(chosen)] : impliedRole(fact, kind, choices);
  const why =
    setting?.kind || setting?.modality ? "as the config says" : earlier ? "as the model was trained" : inferred.why;
  return {
    name: s.name,
    kind,
    role,
    why: whyRole ? `${why}; ${whyRole}` : why,
    ...presence(s, kind, inferred),
    examples: fact.examples,
    ...(spelling ? { spelling } : {}),
  };
}

/** A modality of the user's own reads files where there are any, else the text as it stands. */
const rawKind = (inferred: ColumnKind): ColumnKind =>
  inferred === "image" || inferred === "audio" || inferred === "vector" ? inferred : "text";

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
  const { name } = fact.statistics;
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

/** Cells that will be values, by the kind that the column was given. The survey corrects it for media. */
function presence(
  s: ColumnStatistics,
  kind: ColumnKind,
  inferred: Inferred,
): Pick<Column, "present" | "missing" | "distinct"> {
  const numeric = kind === "real" || kind === "positive" || kind === "count" || kind === "ordinal";
  const lost = inferred.kind === "identifier" || inferred.kind === "image" || inferred.kind === "audio" ? 0 : s.nan;
  const present = numeric ? s.numbers : kind === "empty" ? 0 : s.filled - lost;
  return { present, missing: s.rows - present, distinct: numeric ? s.distinctNumbers : s.distinct };
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
