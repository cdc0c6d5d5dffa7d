/**
 * @file Dates as files write them. In: a column's texts with their counts, or one text with its format. Out: the format that most
 * share; ISO 8601 text in UTC, and back.
 */
import { type DateFormat, dateFormats, type TimeFormat } from "./records.ts";

const monthNames = "January February March April May June July August September October November December".split(" ");
/** A cell may carry a time of day and a zone after its date. */
const timePattern =
  "([T ]|, )[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?( ?[AaPp][Mm])?( ?(Z|UTC|GMT|[-+][0-9]{2}(:?[0-9]{2})?))?";
const timeForm = new RegExp(`^(.*?)${timePattern.replace("([T ]|, )", "(?:[T ]|, )(?=\\d{1,2}:)")}$`);

const partPatterns: Readonly<Record<string, string>> = {
  YYYY: "([0-9]{4})",
  YY: "([0-9]{2})",
  MMMM: `(${monthNames.join("|")})`,
  MMM: `(${monthNames.map((name) => name.slice(0, 3)).join("|")}|Sept)`,
  MM: "([0-9]{1,2})",
  M: "([0-9]{1,2})",
  DD: "([0-9]{1,2})",
  D: "([0-9]{1,2})",
};
const parts = /YYYY|YY|MMMM|MMM|MM|M|DD|D/g;
type TextFormat = (typeof dateFormats)[number];

interface Form {
  readonly pattern: RegExp;
  /** Tokens in the order of the pattern's groups. */
  readonly tokens: readonly string[];
}

const forms = Object.fromEntries(
  dateFormats.map((format): [TextFormat, Form] => {
    const tokens = format.match(parts)!;
    const compact = format === "YYYYMMDD" ? "^([0-9]{4})([0-9]{2})([0-9]{2})$" : undefined;
    // ISO dates have two digits each: 2007-1-5 is none, and is written back as it was.
    const strict = format === "YYYY-MM-DD" ? "^([0-9]{4})-([0-9]{2})-([0-9]{2})$" : undefined;
    const body = format
      .replace(/[.]/g, "[.]")
      .replace(", ", ",? ")
      .replace(parts, (token) => partPatterns[token]!);
    return [format, { tokens, pattern: new RegExp(compact ?? strict ?? `^${body}$`, "i") }];
  }),
) as Record<TextFormat, Form>;

interface Parsed {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function parse(text: string, format: TextFormat): Parsed | undefined {
  const { pattern, tokens } = forms[format];
  const found = pattern.exec(text);
  if (!found) return undefined;
  let [year, month, day] = [0, 0, 0];
  tokens.forEach((token, i) => {
    const part = found[i + 1]!;
    if (token === "YYYY") year = Number(part);
    // As POSIX: 69 to 99 are of the twentieth century.
    else if (token === "YY") year = Number(part) + (Number(part) < 69 ? 2000 : 1900);
    else if (token === "MM" || token === "M") month = Number(part);
    else if (token.startsWith("M")) {
      month = 1 + monthNames.findIndex((name) => name.slice(0, 3).toLowerCase() === part.slice(0, 3).toLowerCase());
    } else day = Number(part);
  });
  return { year, month, day };
}

/** Date.UTC rolls 31 February over into March, and takes 99 for 1999. */
function isoDay({ year, month, day }: Parsed): string | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return month >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? date.toISOString().slice(0, 10)
    : undefined;
}

const isoOf = (milliseconds: number): string | undefined =>
  Math.abs(milliseconds) < 8.64e15 ? new Date(milliseconds).toISOString().replace(".000Z", "Z") : undefined;

/** ISO 8601 text; without a zone a time of day is taken as UTC. Undefined for what is no date of the format. */
export function readDate(text: string, format: DateFormat = "YYYY-MM-DD"): string | undefined {
  if (format === "epoch-seconds")
    return /^-?\d+([.]\d+)?$/.test(text) ? isoOf(Math.round(Number(text) * 1000)) : undefined;
  if (format === "epoch-milliseconds") return /^-?\d+([.]0+)?$/.test(text) ? isoOf(Number(text)) : undefined;
  const whole = parse(text, format);
  if (whole) return isoDay(whole);
  const [, dated] = timeForm.exec(text) ?? [];
  const parsed = dated === undefined ? undefined : parse(dated, format);
  const day = parsed && isoDay(parsed);
  return day === undefined ? undefined : withTime(day, text.slice(dated!.length));
}

function withTime(day: string, text: string): string | undefined {
  const [, hour, minute, second = "00", , fraction = "", half, zone = "Z"] =
    /^[T, ]+(\d{1,2}):(\d{2})(?::(\d{2})([.,](\d+))?)?(?: ?([AaPp][Mm]))?(?: ?(Z|UTC|GMT|[-+].*))?$/.exec(text) ?? [];
  if (hour === undefined) return undefined;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (/p/i.test(half) ? 12 : 0);
  const shift = /^[-+]/.test(zone) ? `${zone.replace(/(\d\d)(\d\d)$/, "$1:$2")}${zone.length === 3 ? ":00" : ""}` : "Z";
  const milliseconds = fraction === "" ? "" : `.${fraction.slice(0, 3).padEnd(3, "0")}`;
  const instant = new Date(`${day}T${String(hours).padStart(2, "0")}:${minute}:${second}${milliseconds}${shift}`);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString().replace(".000Z", "Z");
}

/** @param iso a day, or an instant in UTC */
export function writeDate(iso: string, format: DateFormat, times: TimeFormat = "THH:mm:ssZ"): string {
  if (format === "epoch-seconds") return String(Date.parse(iso) / 1000);
  if (format === "epoch-milliseconds") return String(Date.parse(iso));
  const [date, time] = iso.split("T");
  const [year, month, day] = date!.split("-");
  const name = monthNames[Number(month) - 1]!;
  const values: Record<string, string> = {
    YYYY: year!,
    YY: year!.slice(-2),
    MMMM: name,
    MMM: name.slice(0, 3),
    MM: month!,
    M: String(Number(month)),
    DD: day!,
    D: String(Number(day)),
  };
  const written = format.replace(parts, (token) => values[token]!);
  return time === undefined ? written : `${written}${writeTime(time, times)}`;
}

function writeTime(time: string, times: TimeFormat): string {
  const [, hour, minute, second, fraction = "000"] = /^(\d\d):(\d\d):(\d\d)(?:[.](\d{3}))?/.exec(time)!;
  const half = Number(hour) < 12 ? "AM" : "PM";
  const twelve = String(((Number(hour) + 11) % 12) + 1).padStart(2, "0");
  const values: Record<string, string> = { HH: hour!, hh: twelve, mm: minute!, ss: second!, SSS: fraction, A: half };
  return times.replace(/HH|hh|mm|SSS|ss|A/g, (token) => values[token]!);
}

export interface DatesFound {
  readonly dates: DateFormat;
  readonly times?: TimeFormat;
  readonly readable: number;
  /** Said where the data leave it open which part is the day. */
  readonly note: string;
}

/** The format that most cells can be read by. @param counts text → cells */
export function findDates(counts: ReadonlyMap<string, number>): DatesFound | undefined {
  const readable = new Map<TextFormat, number>();
  let cells = 0;
  for (const [text, count] of counts) {
    cells += count;
    // What has no digit, or is very long, need not be tried against every format.
    if (text.length > 40 || text.length < 6 || !/\d/.test(text)) continue;
    const dated = timeForm.exec(text)?.[1] ?? text;
    for (const format of dateFormats) {
      const parsed = parse(dated, format);
      if (parsed && isoDay(parsed) !== undefined) readable.set(format, (readable.get(format) ?? 0) + count);
    }
  }
  const ranked = [...readable].sort((a, b) => b[1] - a[1]);
  const [best] = ranked;
  if (!best || best[1] < 0.5 * cells) return undefined;
  // "May" is written alike in both.
  const [format, count] = best;
  const times = findTimes(counts);
  return { dates: format, ...(times && { times }), readable: count, note: ambiguity(ranked, format, count) };
}

/** Formats in which day and month change places read the same cells as long as no day is above twelve. */
function ambiguity(ranked: readonly (readonly [TextFormat, number])[], format: TextFormat, count: number): string {
  const swapped = format.includes("MM") ? format.replace("DD", "?").replace("MM", "DD").replace("?", "MM") : format;
  const rival = ranked.find(([other]) => other === swapped && other !== format)?.[1];
  if (rival === undefined) return "";
  if (rival === count) return "; no day above 12 tells day from month";
  return `; ${count - rival} cells have a day above 12`;
}

function findTimes(counts: ReadonlyMap<string, number>): TimeFormat | undefined {
  const styles = new Map<TimeFormat, number>();
  for (const [text, count] of counts) {
    const rest = timeForm.test(text) ? text.slice(timeForm.exec(text)![1]!.length) : "";
    const [, gap, seconds, fraction, half, zone] =
      /^(T|, | )\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?( ?(?:Z|UTC|GMT|[-+].*))?$/.exec(rest) ?? [];
    if (gap === undefined) continue;
    const digits = half
      ? seconds
        ? "hh:mm:ss A"
        : "hh:mm A"
      : seconds
        ? fraction
          ? "HH:mm:ss.SSS"
          : "HH:mm:ss"
        : "HH:mm";
    const style = `${gap as "T"}${digits as "HH:mm"}${zone ? "Z" : ""}` as TimeFormat;
    styles.set(style, (styles.get(style) ?? 0) + count);
  }
  return [...styles].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/**
 * A pattern of days that surely exist, for SQL (case does not matter): every month has 28, February alone lacks the 29th and 30th.
 * A cell that does not match it must be read to be known.
 */
export function sureDatePattern(format: DateFormat): string {
  if (format === "epoch-seconds" || format === "epoch-milliseconds") return "^[0-9]{9,13}$";
  const days = ["(0?[1-9]|1[0-9]|2[0-8])", "(29|30)", "31"];
  const months = ["(0?[1-9]|1[0-2])", "(0?[13-9]|1[0-2])", "(0?[13578]|1[02])"];
  const named = [
    monthNames,
    monthNames.filter((name) => name !== "February"),
    monthNames.filter((_, i) => [0, 2, 4, 6, 7, 9, 11].includes(i)),
  ];
  const fixed = format === "YYYY-MM-DD" || format === "YYYYMMDD";
  const time = "(([T ]|, )([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?Z?)?";
  const dated = days.map((day, i) => {
    const names = named[i]!;
    const patterns: Record<string, string> = {
      YYYY: "[12][0-9]{3}",
      YY: "[0-9]{2}",
      MMMM: `(${names.join("|")})`,
      MMM: `(${names.map((name) => name.slice(0, 3)).join("|")})`,
      M: months[i]!,
      MM: fixed ? months[i]!.replaceAll("0?", "0") : months[i]!,
      DD: fixed ? day.replaceAll("0?", "0") : day,
      D: day,
    };
    return format.replace(/[.]/g, "[.]").replace(parts, (token) => patterns[token]!);
  });
  return `^(${dated.join("|")})${time}$`;
}
