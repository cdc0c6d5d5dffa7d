/** @file Values of options. In: the text after an option. Out: the value, or a refusal that names the option. */
import { UsageError } from "./failure.ts";

const refuse = (option: string, expected: string, text: string): never => {
  throw new UsageError(`Cannot use ${option} ${text}: expected ${expected}.`);
};

export const wholeNumber =
  (option: string, least: number) =>
  (text: string): number =>
    /^-?\d+$/.test(text) && Number(text) >= least && Number.isSafeInteger(Number(text))
      ? Number(text)
      : refuse(option, `a whole number of at least ${least}`, text);

/** Seeds are 32-bit integers. */
export const seedNumber = (text: string): number =>
  /^-?\d+$/.test(text) && Math.abs(Number(text)) < 2 ** 31
    ? Number(text)
    : refuse("--seed", "a whole number below 2^31", text);

export const positiveNumber =
  (option: string) =>
  (text: string): number =>
    Number(text) > 0 && Number.isFinite(Number(text)) ? Number(text) : refuse(option, "a number above 0", text);

export const numberWithin =
  (option: string, least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    return text.trim() !== "" && value >= least && value <= most
      ? value
      : refuse(option, `a number from ${least} to ${most}`, text);
  };

/** `name=value`, collected over repeats. A value may hold further equals signs; a name given twice is a mistake. */
export const pair =
  (option: string, example: string) =>
  (text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> => {
    const at = text.indexOf("=");
    if (at < 1) return refuse(option, `NAME=VALUE, for example ${example}`, text);
    const name = text.slice(0, at);
    if (Object.hasOwn(before, name)) return refuse(option, `"${name}" only once`, text);
    return { ...before, [name]: text.slice(at + 1) };
  };

/** A value that may be given several times. */
export const repeated = (text: string, before: readonly string[] | false = []): string[] => [...(before || []), text];

/** `\t` stands for a tab, as shells do not. */
export const delimiterText = (text: string): string => {
  const said = text.replaceAll("\\t", "\t");
  return said.length >= 1 && said.length <= 4 && !/["'\r\n]/.test(said)
    ? said
    : refuse("--delimiter", "one to four characters, no quotes", text);
};

export const oneOf =
  <T extends string>(option: string, words: readonly T[]) =>
  (text: string): T =>
    words.find((word) => word === text) ?? refuse(option, words.join(", "), text);
