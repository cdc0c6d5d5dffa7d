/** @file All families of fuzz cases; their shares sum to one. */
import type { FuzzFamily } from "./case.ts";
import { damagedMedia } from "./media.ts";
import { damagedTables, noise, wholeTables } from "./tables.ts";

export const families: readonly FuzzFamily[] = [wholeTables, damagedTables, noise, damagedMedia];
