/**
 * @file The tokeniser of a backbone that reads text. In: the content of a tokenizer.json. Out: text → numbers of tokens: WordPiece, as
 * the BERT family has it, or a file as polyvae itself writes them.
 */
import { openTokenizer } from "../tokenizer/tokenizer.ts";
import { tokenizerFile } from "../tokenizer/tokenizer-file.ts";
import { type EncodeText, openWordPieces } from "./word-pieces.ts";

/** @throws Error for a file that is neither */
export function openTextEncoder(text: string, column: string): EncodeText {
  const own = tokenizerFile.safeParse(parsed(text));
  if (!own.success) return openWordPieces(text, column);
  const { encode } = openTokenizer(own.data);
  return (given, most) => encode(given).slice(0, most);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // openWordPieces says what is wrong with it.
    return undefined;
  }
}
