/// <reference types="vite/client" />
import { proseOf } from "./markdown.ts";
import type { SourceText } from "./passages.ts";

/** The documents with prose: the others are generated lists and tables. */
const files = import.meta.glob<string>(
  ["../../../docs/*.md", "../../../README.md", "!../../../docs/{api,kernels,benchmarks}.md"],
  { query: "?raw", import: "default", eager: true },
);

/** The documents of this project, as prose. */
export const documents = (): readonly SourceText[] =>
  Object.entries(files).map(([path, text]) => ({ name: path.replace(/^.*\//, ""), text: proseOf(text) }));
