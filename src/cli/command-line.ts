/**
 * @file The command line: every command, argument and option, with an example each. In: nothing. Out: a program that commander runs.
 * Commands are loaded when they run, so that help and mistakes are answered at once.
 */
import { readFileSync } from "node:fs";
import { Command, type CommanderError } from "commander";
import { devices } from "../engine/device.ts";
import type { EvaluateFlags } from "./commands/evaluate.ts";
import type { GenerateFlags } from "./commands/generate.ts";
import type { ImputeFlags } from "./commands/impute.ts";
import type { InspectFlags } from "./commands/inspect.ts";
import type { SearchFlags } from "./commands/search.ts";
import type { TranslateFlags } from "./commands/translate.ts";
import type { ReadFlags, TrainFlags } from "./config.ts";
import { UsageError } from "./failure.ts";
import {
  delimiterText,
  numberWithin,
  oneOf,
  pair,
  positiveNumber,
  repeated,
  seedNumber,
  wholeNumber,
} from "./option-values.ts";
import type { OutputOptions } from "./terminal.ts";

const dataHelp =
  "CSV, TSV, JSON, JSONL, Parquet or Arrow file (plain, .gz or .zst), 'shards-*.parquet', or a folder of data or of media";
const modelHelp = "model file that train wrote";
type Out = { readonly out: string };

export function commandLine(): Command {
  const program = new Command("polyvae")
    .description(
      "One shared latent space over your images, text, audio and tables: search it, fill gaps, generate, translate.",
    )
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help of a command");
  const all = [inspect(), train(), evaluate(), encode(), index(), search(), translate(), generate(), impute()];
  for (const command of all) program.addCommand(quiet(command));
  return quiet(program);
}

/** Mistakes become UsageError, so that they are told like every other failure. */
function quiet(command: Command): Command {
  return command.exitOverride(asUsageError).configureOutput({ outputError: () => undefined });
}

function asUsageError(error: CommanderError): never {
  if (error.exitCode === 0) throw error;
  const text = error.message.replace(/^error: /, "").trim();
  throw new UsageError(text === "(outputHelp)" ? "expected a command; `polyvae --help` lists them" : text);
}

/** A command with what all commands have. */
function command(name: string, summary: string, example: string, remarks = ""): Command {
  return new Command(name)
    .description(summary)
    .helpOption("-h, --help", "show help")
    .option("--json", "print one JSON document on stdout; progress goes to stderr")
    .option("--quiet", "no progress, no notes")
    .option("--seed <n>", "seed of every random draw", seedNumber)
    .addHelpText("after", `${remarks && `\n${remarks}\n`}\nExample:\n  $ ${example}\n`)
    .showSuggestionAfterError();
}

/** Options that say how data is read. */
const reading = (target: Command, label: string): Command =>
  target
    .option("--config <file>", "YAML or JSON file that says what inference cannot know")
    .option("--no-config", "leave a polyvae.yaml beside the data aside")
    .option(
      "--media <column=pattern>",
      "media column made of others: image=png/{id}.png (repeat)",
      pair("--media", "image=png/{id}.png"),
    )
    .option(
      "--pattern <pattern>",
      "columns from file names: '{digit}_{speaker}_{take}.wav', '{label}/{id}.png', 'speech={digit}_{take}.wav'",
    )
    .option("--join <file>", "a further file, its columns added to the rows of equal key (repeat)", repeated)
    .option("--no-join", "leave out the files that the model was trained with")
    .option("--on <column>", "key column of --join: id, or left=right where its names differ (repeat)", repeated)
    .option("--media-root <folder>", "a further folder that cells may name media files of")
    .option("--delimiter <text>", "what parts the cells of a CSV file, where it is not recognised", delimiterText)
    .option("--no-header", "the first line is a row; columns are column1, column2, …")
    .option("--split-column <column>", "column that says train, validation or test")
    .option(
      "--group <column>",
      "rows of equal value in this column stay in one split: near-duplicates, one patient's scans",
    )
    .option("--stratify <column>", "every value of this column gives each split its share: rare classes")
    .option("--label <column>", label);

const given = (target: Command): Command =>
  target.option(
    "--given <column=value>",
    "evidence: a value, or the path of a media or .npy file (repeat)",
    pair("--given", "word=seven"),
  );

const inspect = (): Command =>
  reading(
    command(
      "inspect",
      "Show columns, inferred kinds, gaps, issues, and what would be learnt.",
      "polyvae inspect catalogue.csv",
      "Data may be a file, files of equal columns, or a folder of pictures or sounds:\n" +
        "  $ polyvae inspect photos --pattern '{label}/{id}.png'\n" +
        "  $ polyvae inspect 'parts/*.parquet'\n" +
        "  $ polyvae inspect people.csv --join visits.csv --on person=id --media 'face=faces/{person}.jpg'",
    ),
    "column kept out of the model and used only to judge it",
  )
    .argument("<data>", dataHelp)
    .option("--leakage", "look for held-out rows that nearly equal a training row; decodes all media")
    .option("--write-config <file>", "write all that was found as a config file to edit, such as polyvae.yaml")
    .option("--force", "write over an existing config file")
    .action(async (data: string, flags: InspectFlags) => (await import("./commands/inspect.ts")).inspect(data, flags));

const train = (): Command =>
  reading(
    command(
      "train",
      "Learn one latent space over the columns of a data set.",
      "polyvae train catalogue.csv -o catalogue.polyvae --label brand --minutes 10",
      "A file polyvae.yaml beside the data is read where --config is not given.\nCtrl-C ends training and keeps the best weights so far; --resume goes on from there.\n--set photo.backbone=features.onnx reads a column of pictures, sounds or texts through a network of your own: its features are\nlearnt, and the column is then answered with the nearest training items, since features cannot be turned back.",
    ),
    "column kept out of the model and used only to judge it",
  )
    .argument("<data>", dataHelp)
    .requiredOption("-o, --out <model>", "model file to write")
    .option(
      "--set <key=value>",
      "a key of the config file: latent=16, columns.title=text; or an option of a column: photo.width=32 (repeat)",
      pair("--set", "latent=16"),
    )
    .option("--epochs <n>", "passes over the training rows, at most", wholeNumber("--epochs", 1))
    .option("--minutes <m>", "time for training, at most", positiveNumber("--minutes"))
    .option("--device <device>", `where to train: ${devices.join(", ")}`, oneOf("--device", devices))
    .option("--resume", "go on where the same run was cut off, or its minutes were up")
    .action(async (data: string, flags: TrainFlags & OutputOptions & Out) =>
      (await import("./commands/train.ts")).train(data, flags),
    );

const evaluate = (): Command =>
  reading(
    command(
      "evaluate",
      "Judge a model on rows that it has not learnt from.",
      "polyvae evaluate catalogue.polyvae catalogue.csv --label brand --report report.html",
    ),
    "column of the classes by which answers are judged",
  )
    .argument("<model>", modelHelp)
    .argument("<data>", dataHelp)
    .option(
      "--split <split>",
      "rows to judge on: train, validation, test, all (default: test of the file that was learnt, all of any other)",
      oneOf("--split", ["train", "validation", "test", "all"]),
    )
    .option("--report <file>", "HTML page to write, with pictures")
    .action(async (model: string, data: string, flags: EvaluateFlags) =>
      (await import("./commands/evaluate.ts")).evaluate(model, data, flags),
    );

const encode = (): Command =>
  reading(
    command(
      "encode",
      "Write every row's place in the latent space.",
      "polyvae encode catalogue.polyvae catalogue.csv -o latents.parquet",
    ),
    "column kept out of the model",
  )
    .argument("<model>", modelHelp)
    .argument("<data>", dataHelp)
    .requiredOption("-o, --out <file>", "file to write, .parquet, .csv or .jsonl: key, split, z_0 … and variance_0 …")
    .action(async (model: string, data: string, flags: ReadFlags & OutputOptions & Out) =>
      (await import("./commands/encode.ts")).encode(model, data, flags),
    );

const index = (): Command =>
  reading(
    command(
      "index",
      "Build or extend a vector store of rows, to be searched.",
      "polyvae index catalogue.polyvae catalogue.csv -o catalogue.store",
    ),
    "column kept out of the model",
  )
    .argument("<model>", modelHelp)
    .argument("<data>", dataHelp)
    .requiredOption("-o, --out <store>", "folder of the store; rows of a key that it holds are replaced")
    .action(async (model: string, data: string, flags: ReadFlags & OutputOptions & Out) =>
      (await import("./commands/index.ts")).index(model, data, flags),
    );

const search = (): Command =>
  given(
    command(
      "search",
      "Find the rows of a store that are nearest to what is given.",
      'polyvae search catalogue.store --given title="red shoe" -k 5 --where "price < 50"',
    ),
  )
    .argument("<store>", "folder that index wrote")
    .option("-k <n>", "rows to find", wholeNumber("-k", 1), 10)
    .option("--where <condition>", "condition on columns, as SQL writes it: \"price < 50 AND colour = 'red'\"")
    .action(async (store: string, flags: SearchFlags) => (await import("./commands/search.ts")).search(store, flags));

/** How texts are drawn. */
const writing = (to: Command): Command =>
  to
    .option(
      "--temperature <t>",
      "draw texts token by token, at 1 with the model's probabilities, below 1 nearer to the likeliest, 0 for that",
      numberWithin("--temperature", 0, 10),
    )
    .option(
      "--top-p <share>",
      "draw only from the likeliest tokens that together have this share of the probability",
      numberWithin("--top-p", 0, 1),
    );

const translate = (): Command =>
  writing(
    given(
      command(
        "translate",
        "Answer with one column what is given in others.",
        "polyvae translate digits.polyvae --given speech=seven.wav --to image -n 4 -o out",
      ),
    ),
  )
    .argument("<model>", modelHelp)
    .requiredOption("--to <name>", "column or modality to answer with")
    .option(
      "-n, --count <n>",
      "answers: the first is the most typical one, further ones are draws",
      wholeNumber("-n", 1),
      1,
    )
    .option("--samples", "draw the first answer too")
    .option(
      "-o, --out <folder>",
      "folder for pictures (PNG), sounds (WAV) and vectors (.npy; without a folder they are text)",
    )
    .action(async (model: string, flags: TranslateFlags) =>
      (await import("./commands/translate.ts")).translate(model, flags),
    );

const generate = (): Command =>
  writing(
    command(
      "generate",
      "Make new rows, with their media, from nothing.",
      "polyvae generate digits.polyvae -n 16 -o out",
    ),
  )
    .argument("<model>", modelHelp)
    .option("-n, --count <n>", "rows to make", wholeNumber("-n", 1), 16)
    .requiredOption("-o, --out <folder>", "folder for generated.csv and the media files it names")
    .action(async (model: string, flags: GenerateFlags) =>
      (await import("./commands/generate.ts")).generate(model, flags),
    );

const impute = (): Command =>
  reading(
    command(
      "impute",
      "Fill the gaps of a table.",
      "polyvae impute catalogue.polyvae catalogue.csv -o filled.csv",
      "Cells of the table, texts and vectors are filled; missing pictures and sounds stay missing. Beside filled.csv,\nfilled.intervals.csv tells for each filled cell its 90 % interval, or the probability of its category.",
    ),
    "column kept out of the model",
  )
    .argument("<model>", modelHelp)
    .argument("<data>", dataHelp)
    .requiredOption("-o, --out <file>", "CSV file to write: the same columns and rows, gaps filled")
    .option("--samples <n>", "draws behind each interval", wholeNumber("--samples", 2), 100)
    .option("--no-intervals", "leave out <file>.intervals.csv")
    .action(async (model: string, data: string, flags: ImputeFlags) =>
      (await import("./commands/impute.ts")).impute(model, data, flags),
    );

function version(): string {
  const { version: found } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return found;
}
