import type { DecoderConfig } from "../../models/decoders/config.ts";

/** The default context is at most this: a contiguous cache is allocated for all of it. */
const defaultContext = 4096;

/** The longest sequence of a model that is loaded with this option. */
export const contextOf = ({ context }: DecoderConfig, wanted: number | undefined): number =>
  Math.min(wanted ?? Math.min(context, defaultContext), context);
