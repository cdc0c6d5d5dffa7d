/**
 * @file Numbers as files write them: $1,234.50, 1.234,50 €, $5.6M, 12 %, 5 kg, (300), 08:30. In: a column's texts with their counts.
 * Out: the NumberSpelling that most of them share, its pattern (for SQL and JavaScript alike), and numbers read and written by it.
 */
import type { ClockFormat, NumberSpelling } from "./records.ts";

/** What SQL (RE2) and JavaScript read alike. A leading plus marks codes (+44) unless the column's spelling has one. */
export const numberPattern = "^-?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$";
export const nonFiniteForm = /^[-+]?(nan|inf|infinity)$/i;
/** Beyond this a number overflows once squared in float32. */
export const largestNumber = 1e30;
const plain = new RegExp(numberPattern);

const currencies =
  /^([$€£¥₹₩₽₺₴₪฿₫₱¢]|(US|A|C|NZ|HK|S|R|CA|AU)[$]|kr\.?|zł|Kč|Ft|lei|Fr\.?|USD|EUR|GBP|JPY|CNY|RMB|CHF|SEK|NOK|DKK|PLN|CZK|HUF|INR|AUD|CAD|NZD|BRL|MXN|ZAR|RUB|TRY|KRW|SGD|HKD|THB|ILS|AED|SAR|Rs\.?)$/;
const units = new Set(
  (
    "mm cm dm m km in inch inches ft feet foot yd mi mile miles nm um µm μm mg g kg t lb lbs oz st ct gr ton tons tonnes ml mL cl dl l L hl gal pt qt " +
    "ns us µs ms s sec secs min mins h hr hrs hour hours d day days wk weeks week mo month months yr yrs y year years minutes seconds " +
    "°C °F °K K C F ° deg rad Pa hPa kPa MPa bar mbar atm psi W kW MW GW mW J kJ MJ Wh kWh MWh kcal cal V mV kV A mA Ah mAh Ω ohm Hz kHz MHz GHz " +
    "B kB KB MB GB TB KiB MiB GiB bit bits bps kbps Mbps Gbps px dpi ppi rpm bpm fps km/h kmh kph mph m/s kn kt km/l mpg g/km l/100km " +
    "mm2 cm2 m2 km2 ft2 mm3 cm3 m3 mm² cm² m² km² cm³ m³ ft² ha acre acres sqft sqm mol mmol mM µM ppm ppb dB dBm lm lx cd cc hp bhp PS Nm N kN x pcs pc % ‰"
  ).split(" "),
);

/** Letter → power of ten. */
const magnitudes: Readonly<Record<string, number>> = { k: 3, K: 3, M: 6, B: 9, bn: 9 };
const magnitudePattern = "(bn|[kKMB])";

const gaps = " \u00a0\u202f";
const groupers = [",", ".", "'", "’", ...gaps];

interface Lexed {
  readonly prefix: string;
  readonly suffix: string;
  /** Of $5.6M the M; of 5.6M too, unless it is a unit. */
  readonly magnitude: string;
  readonly body: string;
  readonly plus: boolean;
  readonly minus: boolean;
  readonly parentheses: boolean;
}

const form = new RegExp(
  `^(\\()?([-+−])?([^\\d\\s.,'+()-]{1,4}[${gaps}]?)?([-+−])?((?:\\d[\\d.,'’${gaps}]*)?\\d)([eE][-+]?\\d+)?([${gaps}]?[^\\d\\s.,'()+-][^\\d\\s()]{0,7}[23]?)?(\\))?$`,
);

function lex(text: string): Lexed | undefined {
  const [found, open, first, prefix = "", second, body, power = "", suffix = "", close] = form.exec(text) ?? [];
  if (found === undefined || (open === undefined) !== (close === undefined) || (first && second)) return undefined;
  if (prefix !== "" && !currencies.test(prefix.trim())) return undefined;
  const end = suffix.trim();
  const magnitude = Object.hasOwn(magnitudes, end) && (prefix !== "" || !units.has(end)) ? end : "";
  const unit = magnitude === "" ? end : "";
  if (unit !== "" && !currencies.test(unit) && !units.has(unit)) return undefined;
  if (prefix !== "" && unit !== "") return undefined;
  const sign = first ?? second;
  return {
    prefix,
    suffix: magnitude === "" ? suffix : "",
    magnitude,
    body: body! + power,
    plus: sign === "+",
    minus: sign === "-" || sign === "−",
    parentheses: open !== undefined,
  };
}

export interface NumbersFound {
  /** Absent: plain numbers. */
  readonly spelling?: NumberSpelling;
  /** Cells that are numbers of this spelling. */
  readonly readable: number;
  /** Cells that are numbers of any unit. */
  readonly lexed: number;
  /** Unit → cells, where there is more than one. */
  readonly units: ReadonlyMap<string, number>;
  /** What was decided, and by what. */
  readonly notes: readonly string[];
}

/** @param counts text → cells, nothing missing among them */
export function findNumbers(counts: ReadonlyMap<string, number>): NumbersFound {
  let [plainCells, total] = [0, 0];
  for (const [text, count] of counts) {
    total += count;
    if (plain.test(text)) plainCells += count;
  }
  const none = { readable: plainCells, lexed: plainCells, units: new Map<string, number>(), notes: [] };
  if (plainCells >= 0.95 * total || total === 0) return none;
  const clock = findClock(counts, total);
  if (clock) return clock;
  const lexed = scaledAlike(
    [...counts].flatMap(([text, count]) => {
      const found = lex(text);
      return found ? [{ ...found, count }] : [];
    }),
  );
  const cells = sum(lexed);
  if (cells < 0.6 * total) return none;
  const byUnit = new Map<string, number>();
  for (const { prefix, suffix, count } of lexed) add(byUnit, (prefix || suffix).trim(), count);
  const [unit] = commonest(byUnit);
  const own = lexed.filter(({ prefix, suffix }) => (prefix || suffix).trim() === unit);
  const { notes, ...marks } = findMarks(own.map(({ body, count }) => [body, count] as const));
  const affixes = new Map<string, number>();
  for (const { prefix, suffix, count } of own) add(affixes, JSON.stringify([prefix, suffix]), count);
  const [prefix, suffix] = JSON.parse(commonest(affixes)[0]!) as [string, string];
  const decimals = fixedDecimals(own, marks.decimal ?? ".");
  const letters = [...new Set(own.flatMap(({ magnitude }) => (magnitude === "" ? [] : [magnitude])))];
  letters.sort((a, b) => magnitudes[a]! - magnitudes[b]!);
  const spelling: NumberSpelling = {
    ...(prefix && { prefix }),
    ...(suffix && { suffix }),
    ...(marks.thousands !== undefined && { thousands: marks.thousands }),
    ...(marks.decimal && { decimal: marks.decimal }),
    ...(letters.length > 0 && { magnitudes: letters }),
    ...(decimals !== undefined && letters.length === 0 && (prefix || suffix || marks.thousands) && { decimals }),
    ...(unit === "%" && { percent: true as const }),
    ...(own.some(({ parentheses }) => parentheses) && { parentheses: true as const }),
    ...(own.some(({ plus }) => plus) && own.some(({ minus }) => minus) && { plus: true as const }),
  };
  const pattern = new RegExp(spelledPattern(spelling));
  let readable = 0;
  for (const [text, count] of counts) if (pattern.test(text)) readable += count;
  // A lone number among currency amounts is one of them; among units it is of an unknown one.
  const isMoney = currencies.test(unit!);
  const others = new Map([...byUnit].filter(([of]) => of !== "" || !isMoney));
  if (isMoney) notes.unshift(`amounts in ${unit}`);
  else if (unit === "%") notes.unshift("per cent, read as a fraction of 1");
  else if (unit !== "") notes.unshift(`in ${unit}`);
  if (letters.length > 0)
    notes.push(`${letters.join(", ")} for ${letters.map((letter) => `10^${magnitudes[letter]}`).join(", ")}`);
  if (spelling.parentheses) notes.push("negative in parentheses");
  return { spelling, readable, lexed: cells, units: others.size > 1 ? others : new Map<string, number>(), notes };
}

type Counted = Lexed & { readonly count: number };

/** Without a currency 12B may be a seat and 5K kelvin: letters are magnitudes where some are told apart by a fraction, as in 1.2k. */
function scaledAlike(lexed: readonly Counted[]): Counted[] {
  const letterOf = ({ prefix, suffix, magnitude }: Lexed): string => {
    const end = magnitude || suffix.trim();
    return prefix === "" && Object.hasOwn(magnitudes, end) ? end : "";
  };
  const isBare = (one: Lexed) => one.magnitude !== "" && letterOf(one) !== "";
  if (!lexed.some(isBare)) return [...lexed];
  if (!lexed.some((one) => letterOf(one) !== "" && /[.,]/.test(one.body))) return lexed.filter((one) => !isBare(one));
  return lexed.map((one) => (letterOf(one) === "" ? one : { ...one, suffix: "", magnitude: letterOf(one) }));
}

/** Which mark groups digits, which parts the fraction: by cells that can be read in one way only. */
function findMarks(bodies: readonly (readonly [string, number])[]): {
  thousands?: string;
  decimal?: ",";
  notes: string[];
} {
  const grouped = new Map<string, number>();
  const parted = new Map<string, number>();
  let [eitherComma, eitherDot] = [0, 0];
  for (const [written, count] of bodies) {
    const body = written.replace(/[eE].*$/, "");
    const marks = [...body].filter((c) => groupers.includes(c));
    const last = marks.at(-1);
    if (last === undefined) continue;
    const after = body.length - body.lastIndexOf(last) - 1;
    const alike = marks.filter((mark) => mark === last).length;
    const before = marks.find((mark) => mark !== last);
    if (before !== undefined) {
      add(grouped, before, count);
      add(parted, last, count);
    } else if (last !== "," && last !== ".") add(grouped, last, count);
    else if (alike > 1) add(grouped, last, count);
    else if (after !== 3 || /^0[.,]/.test(body) || body.length > 7) add(parted, last, count);
    else if (last === ",") eitherComma += count;
    else eitherDot += count;
  }
  const [group] = commonest(grouped);
  const [point] = commonest(parted);
  const notes: string[] = [];
  const decimal = point === "," || (point === undefined && group === ".") ? ("," as const) : undefined;
  let thousands = group;
  if (thousands === undefined && decimal === undefined && eitherComma > 0) thousands = ",";
  if (thousands === undefined && decimal === "," && eitherDot > 0) thousands = ".";
  if (decimal) notes.push("decimal comma");
  if (thousands !== undefined) {
    const names: Record<string, string> = { ",": "comma", ".": "dot", "'": "apostrophe", "’": "apostrophe" };
    const sure = group !== undefined ? "" : ", as three digits always follow";
    notes.push(`thousands by ${names[thousands] ?? "space"}${sure}`);
  }
  return { ...(thousands !== undefined && { thousands }), ...(decimal && { decimal }), notes };
}

function fixedDecimals(numbers: readonly Lexed[], point: string): number | undefined {
  const digits = new Set(
    numbers.map(({ body }) => (body.includes(point) ? body.length - body.lastIndexOf(point) - 1 : 0)),
  );
  const [only] = digits;
  return digits.size === 1 ? only : undefined;
}

const clockForm = /^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?( ?[AaPp][Mm])?$/;

function findClock(counts: ReadonlyMap<string, number>, total: number): NumbersFound | undefined {
  const fits = [...counts].filter(([text]) => clockForm.test(text));
  const cells = fits.reduce((all, [, count]) => all + count, 0);
  if (cells < 0.95 * total) return undefined;
  const most = (test: RegExp) => fits.filter(([text]) => test.test(text)).length > fits.length / 2;
  const base = most(/:\d\d:/) ? (":ss" as const) : "";
  const clock: ClockFormat = most(/m$/i) ? `hh:mm${base} A` : `HH:mm${base}`;
  return {
    spelling: { clock },
    readable: cells,
    lexed: cells,
    units: new Map<string, number>(),
    notes: ["times of day, as seconds since midnight"],
  };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The pattern of a spelled number, for SQL (RE2) and JavaScript alike. */
export function spelledPattern(spelling?: NumberSpelling): string {
  if (!spelling) return numberPattern;
  if (spelling.clock) return "^([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?( ?[AaPp][Mm])?$";
  const { prefix = "", suffix = "", thousands, decimal = ".", parentheses } = spelling;
  const scale = spelling.magnitudes ? `([${gaps}]?${magnitudePattern})?` : "";
  const affix = (text: string) => (text.trim() === "" ? "" : escaped(text.trim()));
  const [before, after] = [affix(prefix), affix(suffix)];
  const gap = `[${gaps}]?`;
  // Money may stand without its sign, a per cent or a unit may not.
  const lead = before === "" ? "" : `(${before}${gap})?`;
  const tail = after === "" ? "" : currencies.test(suffix.trim()) ? `(${gap}${after})?` : `${gap}${after}`;
  const whole = thousands === undefined ? "[0-9]+" : `([0-9]{1,3}(${groupPattern(thousands)}[0-9]{3})+|[0-9]+)`;
  const digits = `(${whole}([${decimal}][0-9]*)?|[${decimal}][0-9]+)([eE][-+]?[0-9]+)?`;
  const sign = spelling.plus ? "[-−+]?" : "[-−]?";
  const number = `${sign}${lead}${lead && "[-−]?"}${digits}${scale}${tail}`;
  return parentheses ? `^(${number}|\\(${lead}${digits}${scale}${tail}\\))$` : `^${number}$`;
}

/** Any kind of space, any kind of apostrophe. */
const groupPattern = (mark: string): string =>
  gaps.includes(mark) ? `[${gaps}]` : mark === "'" || mark === "’" ? "['’]" : `[${mark}]`;

const scaled = new RegExp(`${magnitudePattern}$`);

/** A reader of texts of one spelling; undefined for what is not so spelled. */
export function numberReader(spelling?: NumberSpelling): (text: string) => number | undefined {
  const pattern = new RegExp(spelledPattern(spelling));
  if (!spelling) return (text) => (pattern.test(text) ? Number(text) : undefined);
  if (spelling.clock) return (text) => (pattern.test(text) ? readClock(text) : undefined);
  const { thousands, decimal = ".", percent, prefix = "", suffix = "" } = spelling;
  const marks = thousands === undefined ? undefined : new RegExp(groupPattern(thousands), "g");
  return (text) => {
    if (!pattern.test(text)) return undefined;
    let digits = text.replace(prefix.trim(), "").replace(suffix.trim(), "");
    const negative = /[-−(]/.test(digits.replace(/[eE][-+]?\d+/, ""));
    digits = digits.replace(/^[-−+(\s]+|[)\s]+$/g, "");
    if (marks) digits = digits.replace(marks, "");
    if (decimal === ",") digits = digits.replace(",", ".");
    const [letter = ""] = (spelling.magnitudes && scaled.exec(digits)) ?? [];
    digits = digits.slice(0, digits.length - letter.length).trim();
    const size = Number(shifted(digits, percent ? -2 : (magnitudes[letter] ?? 0)));
    return negative ? -size : size;
  };
}

/** Decimal places are moved in the text: 12.3 / 100 is not 0.123 in binary. */
const shifted = (digits: string, places: number): string => {
  const [mantissa, power = "0"] = digits.split(/[eE]/);
  return `${mantissa}e${Number(power) + places}`;
};

function readClock(text: string): number {
  const [, hour, minute, second = "0", half] = /^(\d+):(\d+)(?::(\d+))? ?([AaPp])?/.exec(text)!;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  return hours * 3600 + Number(minute) * 60 + Number(second);
}

export function writeNumber(value: number, spelling?: NumberSpelling): string {
  if (!spelling) return String(value);
  if (spelling.clock) return writeClock(value, spelling.clock);
  const { prefix = "", suffix = "", thousands = "", decimal = ".", decimals, percent, parentheses, plus } = spelling;
  const size = Math.abs(percent ? Number(shifted(String(Math.abs(value)), 2)) : value);
  const letter = spelling.magnitudes?.findLast((one) => size >= 10 ** magnitudes[one]! && size < 1e21) ?? "";
  const digits =
    decimals !== undefined && size < 1e21 ? size.toFixed(decimals) : moved(String(size), magnitudes[letter]);
  const [, whole = digits, rest = ""] = /^(\d+)(.*)$/.exec(digits) ?? [];
  const groups = thousands === "" ? whole : whole.replace(/\B(?=(\d{3})+$)/g, thousands);
  const written = `${prefix}${groups}${rest.replace(".", decimal)}${letter}${suffix}`;
  if (value < 0) return parentheses ? `(${written})` : `-${written}`;
  return plus && value > 0 ? `+${written}` : written;
}

/** The point so many places to the left. */
function moved(digits: string, places = 0): string {
  if (places === 0) return digits;
  const [whole = "", rest = ""] = digits.split(".");
  const padded = whole.padStart(places + 1, "0");
  return `${padded.slice(0, -places)}.${padded.slice(-places)}${rest}`.replace(/[.]?0+$/, "");
}

function writeClock(value: number, clock: ClockFormat): string {
  const unit = clock.includes("ss") ? 1 : 60;
  const seconds = Math.min(86_400 - unit, Math.max(0, Math.round(value / unit) * unit));
  const two = (number: number) => String(number).padStart(2, "0");
  const hour = Math.floor(seconds / 3600);
  const shown = clock.endsWith("A") ? ((hour + 11) % 12) + 1 : hour;
  const rest = `${two(Math.floor(seconds / 60) % 60)}${unit === 1 ? `:${two(seconds % 60)}` : ""}`;
  return `${two(shown)}:${rest}${clock.endsWith("A") ? (hour < 12 ? " AM" : " PM") : ""}`;
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
const commonest = (counts: ReadonlyMap<string, number>): string[] =>
  [...counts].sort((a, b) => b[1] - a[1]).map(([key]) => key);
const sum = (entries: readonly { readonly count: number }[]): number =>
  entries.reduce((all, { count }) => all + count, 0);
