import { blockDiffusion } from "./block-diffusion.ts";
import { blockSparse } from "./block-sparse.ts";
import { boolean } from "./boolean.ts";
import { causal } from "./causal.ts";
import { chunked } from "./chunked.ts";
import { dilatedWindow } from "./dilated-window.ts";
import { document } from "./document.ts";
import { fixed } from "./fixed.ts";
import { full } from "./full.ts";
import { keyPadding } from "./key-padding.ts";
import { local } from "./local.ts";
import { neighbourhood } from "./neighbourhood.ts";
import { neighbourhood2d } from "./neighbourhood-2d.ts";
import { prefix } from "./prefix.ts";
import { sharedPrefix } from "./shared-prefix.ts";
import { sinkWindow } from "./sink-window.ts";
import { slidingTile } from "./sliding-tile.ts";
import { slidingWindow } from "./sliding-window.ts";
import { strided } from "./strided.ts";

/** All masks, in the order of lists. To add one, see docs/guides/add-a-mask.md. */
export const masks = [
  full,
  causal,
  slidingWindow,
  local,
  sinkWindow,
  prefix,
  chunked,
  dilatedWindow,
  strided,
  fixed,
  document,
  sharedPrefix,
  blockDiffusion,
  neighbourhood,
  neighbourhood2d,
  slidingTile,
  blockSparse,
  keyPadding,
  boolean,
] as const;

/** The name of a mask. */
export type MaskName = (typeof masks)[number]["name"];
