/**
 * @file Words that have an order. In: the distinct values of a column. Out: them from lowest to highest with the scale's name, or
 * nothing where they are mere categories.
 */
export interface Levels {
  readonly levels: readonly string[];
  readonly scale: string;
}

/** From lowest to highest; words of one place are parted by a bar. */
const scales: readonly (readonly [scale: string, words: string])[] = [
  [
    "degrees",
    "none; very low|lowest; low; medium low; medium|moderate|mid|middle|average|normal; medium high; high; very high|highest; extreme|critical",
  ],
  [
    "degrees",
    "none|absent|normal; minimal|trace; mild|minor|slight; moderate|medium; severe|major|serious; critical|very severe|extreme; fatal",
  ],
  ["degrees", "weak; moderate|medium; strong; very strong"],
  ["sizes", "tiny|extra small; small; medium|middle|regular; large|big; extra large|very large; huge|giant"],
  ["sizes", "xxxs|3xs; xxs|2xs; xs; s; m; l; xl; xxl|2xl; xxxl|3xl; xxxxl|4xl; 5xl"],
  [
    "agreement",
    "strongly disagree|totally disagree|completely disagree; disagree; somewhat disagree|slightly disagree; neutral|neither agree nor disagree|neither|undecided; somewhat agree|slightly agree; agree; strongly agree|totally agree|completely agree",
  ],
  [
    "satisfaction",
    "very dissatisfied|very unsatisfied; dissatisfied|unsatisfied; neutral|neither; satisfied; very satisfied",
  ],
  ["likelihood", "very unlikely; unlikely; neutral|possible; likely; very likely; certain"],
  [
    "frequency",
    "never; almost never|very rarely; rarely|seldom; occasionally; sometimes; often|frequently; usually|very often|mostly; almost always; always",
  ],
  ["frequency", "hourly; daily; weekly; fortnightly|biweekly; monthly; quarterly; half-yearly; yearly|annually|annual"],
  [
    "quality",
    "terrible; very poor|very bad|awful; poor|bad; fair|okay|ok|acceptable|satisfactory|average; good; very good; ideal; excellent|great|premium; outstanding|perfect",
  ],
  ["quality", "fair; good; very good; premium; ideal"],
  [
    "importance",
    "not important|unimportant; slightly important; moderately important|somewhat important; important; very important; extremely important",
  ],
  ["extent", "not at all; a little|slightly; somewhat; moderately; very|quite; very much; extremely"],
  ["temperature", "freezing; cold; cool; mild; warm; hot"],
  ["speed", "very slow; slow; medium|moderate; fast; very fast"],
  ["skill", "novice; beginner; elementary; intermediate; upper intermediate; advanced; proficient; expert; master"],
  ["seniority", "intern|trainee; junior; mid|mid-level; senior; lead|principal; director; executive"],
  ["medals", "bronze; silver; gold; platinum; diamond"],
  ["order", "first; second; third; fourth; fifth; sixth; seventh; eighth; ninth; tenth"],
  ["numbers in words", "zero; one; two; three; four; five; six; seven; eight; nine; ten; eleven; twelve"],
  [
    "schooling",
    "preschool; primary|elementary; lower secondary|middle; secondary|high school|upper secondary; some college; tertiary|college|bachelor|bachelors|bachelor's; master|masters|master's; doctorate|phd",
  ],
  ["school years", "freshman; sophomore; junior; senior"],
  [
    "ages",
    "infant|baby; toddler; child; teen|teenager|adolescent|juvenile; young adult; adult; middle-aged; senior|elderly|old",
  ],
  ["parts of the day", "dawn; morning; noon; afternoon; evening; night"],
  [
    "months",
    "jan|january; feb|february; mar|march; apr|april; may; jun|june; jul|july; aug|august; sep|september|sept; oct|october; nov|november; dec|december",
  ],
  [
    "weekdays",
    "mon|monday; tue|tuesday|tues; wed|wednesday; thu|thursday|thur|thurs; fri|friday; sat|saturday; sun|sunday",
  ],
  ["severity", "debug; info; notice; warning|warn; error; critical|fatal"],
  ["priority", "trivial|lowest; minor|low; medium|normal; major|high; urgent|critical|highest; blocker"],
];

const ranked = scales.map(
  ([scale, words]) =>
    [scale, new Map(words.split("; ").flatMap((place, rank) => place.split("|").map((word) => [word, rank])))] as const,
);

/** @param values the distinct values, none missing @param name the column's */
export function findLevels(values: readonly string[], name: string): Levels | undefined {
  if (values.length < 2 || values.length > 30) return undefined;
  return (
    byWords(values) ??
    byRanks(values) ??
    byBands(values) ??
    byRoman(values) ??
    byNumbered(values) ??
    byGrades(values, name)
  );
}

function byWords(values: readonly string[]): Levels | undefined {
  const words = values.map((value) =>
    value
      .toLowerCase()
      .replace(/[_\s]+/g, " ")
      .trim(),
  );
  for (const [scale, ranks] of ranked) {
    if (!words.every((word) => ranks.has(word))) continue;
    const places = words.map((word) => ranks.get(word)!);
    // Two words of one place are two spellings, not two levels; two words alone need not be a scale.
    if (new Set(places).size < values.length) continue;
    if (values.length === 2 && Math.abs(places[0]! - places[1]!) === 1 && scale === "agreement") continue;
    return sorted(values, places, `ordered words (${scale})`);
  }
  return undefined;
}

const byRanks = (values: readonly string[]): Levels | undefined =>
  values.every((value) => /^\d{1,3}(st|nd|rd|th)$/i.test(value))
    ? sorted(
        values,
        values.map((value) => Number.parseInt(value, 10)),
        "ranks",
      )
    : undefined;

/** `18-25`, `65+`, `<18`, `> 50 kg`, `10 to 19`. */
function byBands(values: readonly string[]): Levels | undefined {
  if (values.length < 3) return undefined;
  const bounds = values.map((value) => {
    const text = value.replace(/[,$€£]/g, "").trim();
    const [, low, , high] = /^(-?\d+(?:[.]\d+)?)\s*(-|–|to|until)\s*(-?\d+(?:[.]\d+)?)\b\D*$/i.exec(text) ?? [];
    if (low !== undefined) return Number(low) <= Number(high) ? [Number(low), Number(high)] : undefined;
    const [, least] =
      /^(?:>=?|≥|over|above|more than)?\s*(\d+(?:[.]\d+)?)\s*(?:\+|and over|and above|or more|or older)?\D*$/i.exec(
        text,
      ) ?? [];
    if (least !== undefined && /[+>≥]|over|above|more|older/i.test(text)) return [Number(least), Infinity];
    const [, most] = /^(?:<=?|≤|under|below|less than|up to)\s*(\d+(?:[.]\d+)?)\D*$/i.exec(text) ?? [];
    return most === undefined ? undefined : [-Infinity, Number(most)];
  });
  if (!bounds.every((bound) => bound !== undefined) || !bounds.some(([low, high]) => low !== high)) return undefined;
  const places = bounds.map(([low, high]) => (low === -Infinity ? high! - 1e-9 : low!));
  if (new Set(places).size < values.length) return undefined;
  const order = bounds.map((_, i) => i).sort((a, b) => places[a]! - places[b]!);
  const overlap = order.some((at, i) => i > 0 && bounds[order[i - 1]!]![1]! > bounds[at]![0]!);
  return overlap ? undefined : sorted(values, places, "bands of numbers");
}

const roman = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"];

function byRoman(values: readonly string[]): Levels | undefined {
  const places = values.map((value) => roman.indexOf(value.toLowerCase()));
  return places.includes(-1) || !places.includes(1) ? undefined : sorted(values, places, "Roman numerals");
}

/** `Level 1`, `Q3`, `stage 2`: one ordered word before the number. */
function byNumbered(values: readonly string[]): Levels | undefined {
  const found = values.map((value) =>
    /^(level|lvl|grade|stage|class|tier|year|phase|step|round|wave|week|day|month|quarter|q|y|priority|p|rank|floor|version|v)[ _.-]?(\d{1,3})$/i.exec(
      value,
    ),
  );
  if (!found.every((match) => match !== null)) return undefined;
  const words = new Set(found.map(([, word]) => word!.toLowerCase()));
  if (words.size > 1) return undefined;
  return sorted(
    values,
    found.map(([, , number]) => Number(number)),
    "numbered words",
  );
}

/** A best, F worst: only where the name or the signs say that letters are grades. */
function byGrades(values: readonly string[], name: string): Levels | undefined {
  if (values.length < 3 || !values.every((value) => /^[A-F][+-]?$/.test(value))) return undefined;
  const isNamed = /grade|rating|score|mark|tier|class|band|result/i.test(name);
  if (!isNamed && !values.some((value) => value.length === 2)) return undefined;
  const place = (value: string) => -3 * value.charCodeAt(0) + (value[1] === "+" ? 1 : value[1] === "-" ? -1 : 0);
  return sorted(values, values.map(place), "grades, A the highest");
}

function sorted(values: readonly string[], places: readonly number[], scale: string): Levels {
  const order = values.map((_, i) => i).sort((a, b) => places[a]! - places[b]!);
  return { levels: order.map((i) => values[i]!), scale };
}
