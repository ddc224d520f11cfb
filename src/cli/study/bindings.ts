import { parseJson } from "../../formats/json/strict-json.ts";
import { bindingsIn, type GivenBinding } from "../../study/bindings.ts";
import { readTextFile } from "../read-text.ts";

/** Reads a file of bindings. Throws an error with the field, the value and what is expected. */
export const readBindings = async (file: string): Promise<GivenBinding[]> =>
  bindingsIn(file, parseJson(file, await readTextFile(file)));
