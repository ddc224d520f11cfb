import type { EncoderSupport } from "../direct/encoders.ts";
import { vectorsByEncoder } from "./embeddings.ts";
import { loadedEncoder, planOfEncoder } from "./load.ts";
import { callEncoder, callSequence } from "./methods.ts";
import { readSourceOfChat, readSources } from "./sources.ts";

/** An engine's support for encoders and encoder-decoders: see `setEncoders`. */
export const encodersForEngines: EncoderSupport = {
  load: loadedEncoder,
  plan: planOfEncoder,
  callEncoder,
  callSequence,
  vectors: vectorsByEncoder,
  sources: readSources,
  sourceOfChat: readSourceOfChat,
};
