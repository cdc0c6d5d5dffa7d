/**
 * @file How a file is to be read: what the user asks now over how an earlier file was read. In: options. Out: one plain plan,
 * and the Reading that is kept in a model so that any later file is read alike.
 */
import { DataError } from "./data-error.ts";
import type { ColumnSetting, JoinedFile, Reading, ResolvedColumn, SplitFractions } from "./dataset.ts";
import type { Column } from "./records.ts";
import { defaultFractions } from "./split.ts";

export interface ReadOptions {
  readonly header?: boolean;
  readonly delimiter?: string;
  readonly pattern?: string;
  readonly join?: readonly JoinedFile[];
  readonly mediaRoot?: string;
  readonly media?: Readonly<Record<string, string>>;
  readonly columns?: Readonly<Record<string, ColumnSetting>>;
  readonly seed?: number;
  readonly splitFractions?: Partial<SplitFractions>;
  readonly splitColumn?: string;
  readonly groupColumn?: string;
  readonly stratifyColumn?: string;
  readonly idColumn?: string;
  readonly label?: string;
  /** How an earlier file was read, from the model: every option above overrides its part of it. */
  readonly reading?: Reading;
  /** Look at every media file's first bytes while opening, so that broken ones are known (default true). */
  readonly checkMedia?: boolean;
}

/** Roles that the config gives to columns, as if they had been named by their own options; those win. */
export function withRoles(options: ReadOptions): ReadOptions {
  const named = (role: ColumnSetting["role"]) =>
    Object.entries(options.columns ?? {}).find(([, setting]) => setting.role === role)?.[0];
  const found = {
    label: named("label"),
    splitColumn: named("split"),
    groupColumn: named("group"),
    idColumn: named("id"),
  };
  const known = Object.fromEntries(Object.entries(found).filter(([, name]) => name !== undefined));
  return { ...known, ...options };
}

export type ReadPlan = Omit<Reading, "resolved">;

export function planReading(options: ReadOptions): ReadPlan {
  const { reading } = options;
  const fractions = { ...(reading?.splitFractions ?? defaultFractions), ...options.splitFractions };
  checkFractions(fractions);
  const chosen = [
    "label",
    "splitColumn",
    "groupColumn",
    "stratifyColumn",
    "idColumn",
    "delimiter",
    "pattern",
    "mediaRoot",
    "join",
  ] as const;
  const names = chosen
    .map((key) => [key, options[key] ?? reading?.[key]] as const)
    .filter(([, name]) => name !== undefined);
  return {
    header: options.header ?? reading?.header ?? true,
    media: { ...reading?.media, ...options.media },
    columns: { ...reading?.columns, ...options.columns },
    splitFractions: fractions,
    seed: options.seed ?? reading?.seed ?? 0,
    ...(Object.fromEntries(names) as Pick<ReadPlan, (typeof chosen)[number]>),
  };
}

function checkFractions({ validation, test }: SplitFractions): void {
  if (validation >= 0 && test >= 0 && validation + test < 1) return;
  throw new DataError(
    `Cannot split rows: expected fractions of at least 0 that leave rows to train on, received validation ${validation} and ` +
      `test ${test}. Use for example 0.1 and 0.1.`,
  );
}

export function toReading(plan: ReadPlan, columns: readonly Column[], earlier?: Reading): Reading {
  const resolved = columns.map(({ name, kind, role, spelling }): [string, ResolvedColumn] => [
    name,
    { kind, role, ...(spelling ? { spelling } : {}) },
  ]);
  return { ...plan, resolved: { ...earlier?.resolved, ...Object.fromEntries(resolved) } };
}

/** Columns that a pattern such as `png72/{id}.png` is made of. */
export function patternColumns(pattern: string): string[] {
  return [...pattern.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name!);
}
