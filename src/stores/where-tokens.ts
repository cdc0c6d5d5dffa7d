/** @file Words of a condition. In: text. Out: tokens: words, quoted names, texts, numbers and marks. */
export interface Token {
  readonly is: "word" | "quoted" | "text" | "number" | "mark";
  readonly text: string;
}

const forms: readonly (readonly [Token["is"], RegExp])[] = [
  ["number", /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\p{L}_])/uy],
  ["word", /[\p{L}\p{N}_][\p{L}\p{N}\p{M}_.-]*/uy],
  ["text", /'(?:[^']|'')*'/uy],
  ["quoted", /"(?:[^"]|"")*"|`(?:[^`]|``)*`/uy],
  ["mark", /<=|>=|<>|!=|==|[=<>(),]/uy],
];

/** @param refuse called with what cannot be read */
export function tokenize(text: string, refuse: (what: string) => never): Token[] {
  const tokens: Token[] = [];
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    const found = readToken(text, at);
    if (!found) return refuse(`cannot read it from "${text.slice(at, at + 12)}" on`);
    tokens.push(found.token);
    at = found.end;
  }
  return tokens;
}

function readToken(text: string, at: number): { token: Token; end: number } | undefined {
  for (const [is, form] of forms) {
    // A fresh one: a sticky expression keeps its place between calls.
    const match = new RegExp(form, form.flags);
    match.lastIndex = at;
    const [found] = match.exec(text) ?? [];
    if (found === undefined) continue;
    return { token: { is, text: is === "text" || is === "quoted" ? unquote(found) : found }, end: at + found.length };
  }
  return undefined;
}

const unquote = (text: string): string => text.slice(1, -1).replaceAll(text[0]! + text[0]!, text[0]!);

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/u.test(text[at]!)) at++;
  return at;
}
