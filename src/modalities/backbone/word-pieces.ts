/**
 * @file Tokens of the BERT family, by a tokenizer.json of model WordPiece. In: the file's text. Out: text → numbers, with the marks
 * that its post-processor puts at both ends. Algorithm: Devlin et al. 2018 and the reference `tokenizers`: clean, lower, strip accents,
 * part at spaces and punctuation, then the longest piece that the vocabulary holds, again and again.
 */
import * as z from "zod";

const vocabulary = z.record(z.string(), z.int().min(0));
const marks = z.tuple([z.string(), z.int().min(0)]);
const fileSchema = z.looseObject({
  normalizer: z
    .looseObject({
      type: z.literal("BertNormalizer"),
      clean_text: z.boolean().optional(),
      handle_chinese_chars: z.boolean().optional(),
      strip_accents: z.boolean().nullish(),
      lowercase: z.boolean().optional(),
    })
    .nullish(),
  pre_tokenizer: z.looseObject({ type: z.enum(["BertPreTokenizer", "Whitespace", "WhitespaceSplit"]) }).nullish(),
  post_processor: z
    .looseObject({
      type: z.string(),
      single: z.array(z.unknown()).optional(),
      sep: marks.optional(),
      cls: marks.optional(),
    })
    .nullish(),
  model: z.looseObject({
    type: z.literal("WordPiece").optional(),
    vocab: vocabulary,
    unk_token: z.string(),
    continuing_subword_prefix: z.string().default("##"),
    max_input_chars_per_word: z.int().positive().default(100),
  }),
});
type File = z.infer<typeof fileSchema>;

export type EncodeText = (text: string, most: number) => number[];

/** @throws Error for a file that is no tokenizer.json, or of another family */
export function openWordPieces(text: string, column: string): EncodeText {
  const file = readFile(text, column);
  const { vocab, unk_token, continuing_subword_prefix: prefix, max_input_chars_per_word: longest } = file.model;
  const unknown = vocab[unk_token] ?? 0;
  const idOf = new Map(Object.entries(vocab));
  const [before, after] = marksOf(file);
  const ofWord = (word: string): number[] => {
    const characters = [...word];
    if (characters.length > longest) return [unknown];
    const ids: number[] = [];
    for (let start = 0; start < characters.length; ) {
      let end = characters.length;
      let id: number | undefined;
      for (; end > start && id === undefined; end--)
        id = idOf.get((start > 0 ? prefix : "") + characters.slice(start, end).join(""));
      if (id === undefined) return [unknown];
      ids.push(id);
      start = end + 1;
    }
    return ids;
  };
  return (given, most) => {
    const room = Math.max(0, most - before.length - after.length);
    return [...before, ...words(normal(given, file), file).flatMap(ofWord).slice(0, room), ...after];
  };
}

function readFile(text: string, column: string): File {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    const fault = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    const detail = fault ? `${fault.path.join(".")}: ${fault.message}` : "it is no JSON";
    throw new Error(
      `Cannot read column "${column}" through its backbone: expected a tokenizer.json of model WordPiece, as the BERT family has it, or one that polyvae wrote (${detail}). Give such a file as backboneTokenizer.`,
      { cause },
    );
  }
}

function normal(text: string, { normalizer }: File): string {
  if (!normalizer) return text;
  const { clean_text = true, handle_chinese_chars = true, lowercase = true, strip_accents } = normalizer;
  let result = text;
  if (clean_text) result = result.replace(/[\0\uFFFD]|(?![\t\n\r])[\p{Cc}\p{Cf}]/gu, "").replace(/\s/gu, " ");
  if (handle_chinese_chars)
    result = result.replace(
      /[\u4E00-\u9FFF\u3400-\u4DBF\uF900-\uFAFF\u{20000}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu,
      " $& ",
    );
  if (strip_accents ?? lowercase) result = result.normalize("NFD").replace(/\p{Mn}/gu, "");
  return lowercase ? result.toLowerCase() : result;
}

const asciiSigns = "!-/:-@[-`{-~";

function words(text: string, { pre_tokenizer }: File): string[] {
  switch (pre_tokenizer?.type) {
    case undefined:
      return text === "" ? [] : [text];
    case "WhitespaceSplit":
      return text.match(/\S+/gu) ?? [];
    case "Whitespace":
      return text.match(/[\p{L}\p{M}\p{N}\p{Pc}]+|[^\p{L}\p{M}\p{N}\p{Pc}\s]+/gu) ?? [];
    case "BertPreTokenizer":
      return text.match(new RegExp(`[${asciiSigns}\\p{P}]|[^\\s${asciiSigns}\\p{P}]+`, "gu")) ?? [];
  }
}

/** Numbers that stand before and after every text. */
function marksOf({ post_processor: post, model: { vocab }, ...file }: File): [number[], number[]] {
  if (!post) return [[], []];
  if (post.type === "BertProcessing") return [post.cls ? [post.cls[1]] : [], post.sep ? [post.sep[1]] : []];
  if (post.type !== "TemplateProcessing" || !post.single) return [[], []];
  const added = z.array(z.looseObject({ id: z.int(), content: z.string() })).safeParse(file.added_tokens);
  const idOf = (name: string) => vocab[name] ?? added.data?.find(({ content }) => content === name)?.id;
  const parts = post.single.map(
    (part) => z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }) }).safeParse(part).data?.SpecialToken.id,
  );
  const at = parts.indexOf(undefined);
  const ids = (names: readonly (string | undefined)[]) => names.flatMap((name) => idOf(name ?? "") ?? []);
  return [ids(parts.slice(0, Math.max(0, at))), ids(parts.slice(at + 1))];
}
