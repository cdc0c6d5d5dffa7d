/**
 * @file The seal of a model file: the zip archive's comment, which is the last thing in the file, holds the sha256 of all bytes
 * before it. In: an archive. Out: the archive sealed, or the verdict on a sealed one. Every byte is covered, also those that
 * zip readers skip; any zip tool still opens the file.
 */
const prefix = "polyvae sha256 ";
const hashLength = 64;
const commentLength = prefix.length + hashLength;
/** Bytes of zip's end record without its comment; the last two of them hold the comment's length. */
const endRecordLength = 22;

export type Seal = "whole" | "broken" | "absent";

/** @param archive a zip without a comment */
export async function sealArchive(archive: Uint8Array): Promise<Uint8Array> {
  const sealed = new Uint8Array(archive.length + commentLength);
  sealed.set(archive);
  new DataView(sealed.buffer).setUint16(archive.length - 2, commentLength, true);
  sealed.set(new TextEncoder().encode(prefix), archive.length);
  const covered = sealed.subarray(0, archive.length + prefix.length);
  sealed.set(new TextEncoder().encode(await sha256(covered)), covered.length);
  return sealed;
}

/** `absent` where the file does not end in a seal: cut short, altered right there, or never a model. */
export async function checkSeal(bytes: Uint8Array): Promise<Seal> {
  if (bytes.length < endRecordLength + commentLength) return "absent";
  const covered = bytes.subarray(0, bytes.length - hashLength);
  const found = ascii(covered.subarray(covered.length - prefix.length));
  if (found !== prefix) return "absent";
  return (await sha256(covered)) === ascii(bytes.subarray(covered.length)) ? "whole" : "broken";
}

const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
