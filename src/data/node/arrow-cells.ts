/**
 * @file A value of an Arrow column → the text of a cell. In: the column's type. Out: a function of values: dates as ISO writes
 * them, decimals with their point, lists as those of JSON.
 */
import {
  type DataType,
  type Date_,
  DateUnit,
  type Decimal,
  type Float,
  Precision,
  type Time,
  type Timestamp,
  TimeUnit,
  Type,
  type Vector,
} from "apache-arrow";
import { cellText, type Json, JsonNumber } from "../json.ts";

export function cellWriter(type: DataType): (value: unknown) => string {
  const toJson = jsonOf(type);
  return (value) => (value === null || value === undefined ? "" : cellText(toJson(value)));
}

function jsonOf(type: DataType): (value: unknown) => Json {
  const orNull = (write: (value: never) => Json) => (value: unknown) =>
    value === null || value === undefined ? null : write(value as never);
  switch (type.typeId) {
    case Type.Int:
      return orNull((value: number | bigint) => new JsonNumber(String(value)));
    case Type.Float:
      return orNull((value: number) => new JsonNumber(floatText(value, (type as Float).precision)));
    case Type.Decimal:
      return orNull((value: Uint32Array) => new JsonNumber(decimalText(value, (type as Decimal).scale)));
    case Type.Bool:
      return orNull((value: boolean) => value);
    case Type.Date:
      return orNull((value: number | Date) => dateText(Number(value), (type as Date_).unit === DateUnit.DAY));
    case Type.Timestamp:
      return orNull((value: number) => `${dateText(value, false)}${(type as Timestamp).timezone ? "Z" : ""}`);
    case Type.Time:
      return orNull((value: number | bigint) => timeText(Number(value), (type as Time).unit));
    case Type.Dictionary:
      return jsonOf((type as unknown as { dictionary: DataType }).dictionary);
    case Type.List:
    case Type.FixedSizeList: {
      const item = jsonOf(type.children[0]!.type as DataType);
      return orNull((value: Vector) => Array.from(value, item));
    }
    case Type.Struct:
      return orNull((value: Iterable<[string, unknown]>) => fieldsOf(type, value));
    case Type.Map:
      return orNull(
        (value: Iterable<[unknown, unknown]>) => new Map([...value].map(([key, own]) => [String(key), anyJson(own)])),
      );
    default:
      return orNull((value: unknown) => String(value));
  }
}

function fieldsOf(type: DataType, value: Iterable<[string, unknown]>): Json {
  const writers = new Map(type.children.map((field) => [String(field.name), jsonOf(field.type as DataType)]));
  return new Map([...value].map(([name, own]) => [name, writers.get(name)?.(own) ?? null]));
}

function anyJson(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "bigint") return new JsonNumber(String(value));
  return typeof value === "boolean" ? value : String(value);
}

/** Numbers of 32 bits in the digits that they were written with, not in those of 64. */
function floatText(value: number, precision: Precision): string {
  if (precision !== Precision.SINGLE || !Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}

/** Little-endian words of 32 bits, in two's complement. */
function decimalText(words: Uint32Array, scale: number): string {
  let whole = 0n;
  for (let i = words.length - 1; i >= 0; i--) whole = (whole << 32n) | BigInt(words[i]!);
  const signed = BigInt.asIntN(words.length * 32, whole);
  const digits = String(signed < 0n ? -signed : signed).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${signed < 0n ? "-" : ""}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ""}`;
}

function dateText(milliseconds: number, isDay: boolean): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return "";
  const iso = date.toISOString();
  if (isDay) return iso.slice(0, 10);
  return `${iso.slice(0, 10)} ${iso.slice(11, 23).replace(/\.000$/, "")}`;
}

const perSecond: Record<TimeUnit, number> = {
  [TimeUnit.SECOND]: 1,
  [TimeUnit.MILLISECOND]: 1e3,
  [TimeUnit.MICROSECOND]: 1e6,
  [TimeUnit.NANOSECOND]: 1e9,
};

function timeText(value: number, unit: TimeUnit): string {
  return dateText((value / perSecond[unit]) * 1000, false).slice(11);
}
