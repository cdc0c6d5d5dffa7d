/**
 * @file Every real data set of a folder, with no configuration: what is inferred, how fast, and how good. In: a folder laid out
 * as countries/, emoji/, fsdd/, hivae/, kanji/, mnist/, penguins/, and the minutes that each may train. Out: a line for each.
 * Each command runs as a user runs it, in a process of its own.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import sharp from "sharp";
import { openDatabase, sqlText } from "../src/data/node/duckdb.ts";

interface DataSet {
  readonly name: string;
  readonly path: string;
  readonly options: readonly string[];
}

export interface DataSetFigures {
  readonly name: string;
  readonly rows: number;
  readonly inspectSeconds: number;
  readonly kinds: Readonly<Record<string, string>>;
  readonly epochs: number;
  readonly trainSeconds: number;
  /** Rows that a second of training learns from. */
  readonly rowsPerSecond: number;
  readonly lowerBound: number;
  readonly reconstruction: Readonly<Record<string, { readonly error: number; readonly baseline?: number }>>;
  /** Columns whose imputation beats mean or mode, of all that were judged, and the mean of error / baseline. */
  readonly imputation: {
    readonly better: number;
    readonly of: number;
    readonly ratio: number;
    readonly coverage90: number;
  };
  readonly issues: Readonly<Record<string, number>>;
  readonly fault?: string;
}

export async function benchDatasets(options: {
  readonly json: boolean;
  readonly data: string;
  readonly minutes: number;
  readonly only: readonly string[];
}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "polyvae-datasets-"));
  try {
    const all = await dataSets(options.data, folder);
    const chosen = all.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
    const figures: object[] = [];
    for (const set of chosen) {
      const found = await measure(set, folder, options.minutes).catch((error: unknown) => ({
        name: set.name,
        fault: faultOf(error),
      }));
      figures.push(found);
      if (!options.json) console.log(JSON.stringify(found));
    }
    if (options.json) console.log(JSON.stringify(figures, null, 2));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function dataSets(data: string, folder: string): Promise<DataSet[]> {
  const at = (...parts: string[]) => join(data, ...parts);
  const hivae = (name: string): DataSet => ({
    name: name.toLowerCase(),
    path: at("hivae", name, "data.csv.gz"),
    options: ["--no-header"],
  });
  const sets: DataSet[] = [
    { name: "emoji", path: at("emoji", "emoji.csv"), options: ["--media", "image=png72/{id}.png"] },
    { name: "kanji", path: at("kanji", "kanji.csv"), options: ["--media", "image=png64/{id}.png"] },
    { name: "countries", path: at("countries", "countries.csv"), options: ["--media", "flag=flags/{cca2}.png"] },
    { name: "penguins", path: at("penguins", "penguins_raw.csv"), options: [] },
    ...["Wine", "Adult", "Breast", "defaultCredit"].map(hivae),
    { name: "spoken", path: at("fsdd", "recordings"), options: ["--pattern", "{digit}_{speaker}_{take}.wav"] },
  ];
  const images = at("mnist", "train-images-idx3-ubyte.gz");
  if (existsSync(images)) sets.push({ name: "mnist", path: await mnistParquet(at("mnist"), folder), options: [] });
  return sets.filter(({ path }) => existsSync(path));
}

/** Digits as published data sets carry pictures: one Parquet file with the bytes of PNGs and a label. */
async function mnistParquet(data: string, folder: string): Promise<string> {
  const path = join(folder, "mnist.parquet");
  const [images, labels] = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"].map((name) =>
    gunzipSync(readFileSync(join(data, name))),
  );
  const database = await openDatabase();
  await database.query("CREATE TABLE digits (image STRUCT(bytes BLOB, path VARCHAR), digit VARCHAR)");
  const size = 28 * 28;
  for (let start = 0; start < 60_000; start += 500) {
    const rows = await Promise.all(
      Array.from({ length: 500 }, async (_, i) => {
        const at = 16 + (start + i) * size;
        const raw = { width: 28, height: 28, channels: 1 as const };
        const png = await sharp(images!.subarray(at, at + size), { raw })
          .png({ compressionLevel: 1 })
          .toBuffer();
        return `({bytes: from_hex('${png.toString("hex")}'), path: NULL}, '${labels![8 + start + i]}')`;
      }),
    );
    await database.query(`INSERT INTO digits VALUES ${rows.join(", ")}`);
  }
  await database.query(`COPY digits TO ${sqlText(path)} (FORMAT parquet)`);
  database.close();
  return path;
}

const run = promisify(execFile);

/** One command of the built command line: its JSON, and how long it took. */
async function polyvae(...args: string[]): Promise<{ readonly said: Record<string, never>; readonly seconds: number }> {
  const begun = performance.now();
  const { stdout } = await run(process.execPath, ["dist/cli/main.js", ...args, "--json"], { maxBuffer: 2 ** 30 });
  return { said: JSON.parse(stdout) as Record<string, never>, seconds: (performance.now() - begun) / 1e3 };
}

const faultOf = (error: unknown): string => {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim().split("\n").at(-1) ?? message).slice(0, 400);
};

interface Said {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly kind: string; readonly role: string }[];
  readonly issues: readonly { readonly code: string }[];
  readonly training: { readonly epochs: number; readonly wallSeconds: number; readonly rows: number };
  readonly lowerBound: number;
  readonly reconstruction: DataSetFigures["reconstruction"];
  readonly imputation: Readonly<Record<string, { error: number; baseline: number; coverage90?: number }>>;
}

async function measure({ name, path, options }: DataSet, folder: string, minutes: number): Promise<DataSetFigures> {
  const model = join(folder, `${name}.polyvae`);
  const inspected = await polyvae("inspect", path, ...options);
  const trained = await polyvae("train", path, ...options, "-o", model, "--minutes", String(minutes));
  const evaluated = await polyvae("evaluate", model, path, ...options);
  const [seen, learnt, judged] = [inspected, trained, evaluated].map(({ said }) => said as unknown as Said);
  const columns = Object.values(judged!.imputation).filter(({ baseline }) => baseline > 0);
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / Math.max(1, values.length);
  const codes = [...seen!.issues, ...learnt!.issues].map(({ code }) => code);
  return {
    name,
    rows: seen!.rows,
    inspectSeconds: inspected.seconds,
    kinds: Object.fromEntries(
      seen!.columns.map(({ name: column, kind, role }) => [column, role === "feature" ? kind : `${kind} (${role})`]),
    ),
    epochs: learnt!.training.epochs,
    trainSeconds: trained.seconds,
    rowsPerSecond: (learnt!.training.rows * learnt!.training.epochs) / learnt!.training.wallSeconds,
    lowerBound: judged!.lowerBound,
    reconstruction: Object.fromEntries(
      Object.entries(judged!.reconstruction).map(([modality, { error, baseline }]) => [
        modality,
        { error, ...(baseline !== undefined && { baseline }) },
      ]),
    ),
    imputation: {
      better: columns.filter(({ error, baseline }) => error < baseline).length,
      of: columns.length,
      ratio: mean(columns.map(({ error, baseline }) => error / baseline)),
      coverage90: mean(columns.flatMap(({ coverage90 }) => (coverage90 === undefined ? [] : [coverage90]))),
    },
    issues: Object.fromEntries([...new Set(codes)].map((code) => [code, codes.filter((one) => one === code).length])),
  };
}
