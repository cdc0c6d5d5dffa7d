/** @file The config file's JSON Schema, for editors. In: nothing. Out: plain JSON of draft 7, which every editor's YAML support reads. */
import * as z from "zod";
import { configSchema } from "./config-schema.ts";

export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { target: "draft-7", io: "input" });
  return {
    ...schema,
    title: "polyvae config",
    description: "How polyvae reads data, what the model is made of, how it is trained.",
  };
}
