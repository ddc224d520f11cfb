import type { TuneProgress } from "../../tune/pass.ts";
import type { TunedRow } from "../../tune/tuning-record.ts";
import type { LanguageModel } from "../language-model.ts";

/** Options of {@link tune}. */
export interface TuneOptions {
  /** The model whose programs are measured; default: a standard list of shapes. */
  readonly model?: LanguageModel | undefined;
  /** Milliseconds after which no further measurement begins; default a minute in Node, 20 s in a browser. */
  readonly budget?: number | undefined;
  /** Ends the pass; what was measured until then is kept. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TuneProgress) => void) | undefined;
  /** False keeps nothing beyond the life of the device. */
  readonly store?: boolean | undefined;
  /** In Node, the folder for what is stored; default `shaderformer/tuning` in `XDG_CACHE_HOME`, or in `~/.cache`. */
  readonly folder?: string | undefined;
}

/** What {@link tune} found. */
export interface TuneResult {
  readonly rows: readonly TunedRow[];
  /** Calls for which time did not suffice. */
  readonly left: number;
  readonly aborted: boolean;
  /** Whether the measurements are stored. */
  readonly stored: boolean;
}
