/** @file The refusal of a model file. In: what is wrong with it and what to do. Out: an error that the command line prints as it is. */
export class ModelFileError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ModelFileError";
  }
}
