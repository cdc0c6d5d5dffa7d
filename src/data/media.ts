/**
 * @file Contract between media files and the modalities that want them at a given size, rate and channels.
 * In: a MediaFile. Out: Image, Sound or the numbers of a vector, decoded straight to what was asked for. Implemented in node/.
 */
import type { Image, MediaFile, Sound } from "./records.ts";
import { namesVectorFile } from "./vectors.ts";

/** The picture is fitted inside width x height without distortion and centred on `background` (0..255). */
export interface ImageRequest {
  readonly media: "image";
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly background: number;
}

/** Resampled to `rate` Hz, mixed to mono; reading may stop after `maxSeconds`. */
export interface SoundRequest {
  readonly media: "sound";
  readonly rate: number;
  readonly maxSeconds: number;
}

/** The numbers of a .npy file, as one row. */
export interface VectorRequest {
  readonly media: "vector";
}

export type MediaRequest = ImageRequest | SoundRequest | VectorRequest;

/** What is known of a media file before it is decoded. */
export interface ImageProbe {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

export interface SoundProbe {
  readonly rate: number;
  /** Of long compressed files an estimate, from the bytes that their first seconds take. */
  readonly seconds: number;
}

export type MediaProbe = ImageProbe | SoundProbe;

export interface MediaDecoder {
  /** @throws MediaError */
  image(file: MediaFile, request: ImageRequest): Promise<Image>;
  /** @throws MediaError */
  sound(file: MediaFile, request: SoundRequest): Promise<Sound>;
  /** @throws MediaError */
  vector(file: MediaFile): Promise<Float32Array>;
  /** Size as stored, without decoding the pixels. @throws MediaError */
  probeImage(file: MediaFile): Promise<ImageProbe>;
  /** @throws MediaError */
  probeSound(file: MediaFile): Promise<SoundProbe>;
}

/** Whether a text given for a column of media names a file: a vector may stand in the text itself. */
export const namesFile = (request: MediaRequest | undefined, text: string): request is MediaRequest =>
  request !== undefined && (request.media !== "vector" || namesVectorFile(text));

/** A file as the request asks for it. @throws MediaError */
export const decodeMedia = (
  decoder: MediaDecoder,
  file: Omit<MediaFile, "media">,
  request: MediaRequest,
): Promise<Image | Sound | Float32Array> => {
  switch (request.media) {
    case "image":
      return decoder.image({ ...file, media: "image" }, request);
    case "sound":
      return decoder.sound({ ...file, media: "sound" }, request);
    case "vector":
      return decoder.vector({ ...file, media: "vector" });
  }
};

export type MediaFault = "media-absent" | "media-outside" | "media-undecodable" | "media-empty" | "media-too-large";

/** A media file that cannot become a value. The message names the file, what was found and what to do. */
export class MediaError extends Error {
  readonly code: MediaFault;
  /** The file and what is wrong with it, without the remedy: for lists of issues. */
  readonly detail: string;
  constructor(code: MediaFault, message: string, detail = message) {
    super(message);
    this.name = "MediaError";
    this.code = code;
    this.detail = detail;
  }
}
