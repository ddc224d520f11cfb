import type { WeightType } from "../kernels/formats/formats.ts";
import type { Recipe } from "../models/decoders/recipes.ts";

/** A smaller model that proposes tokens for the one that it is loaded with (see `DraftModel`). */
export interface EngineDraft {
  readonly kind: "draft";
  /**
   * The source of the draft model. It must have the same tokens; it is loaded with the same context, and freed with the
   * model.
   */
  readonly from: ModelSource;
  /** Tokens proposed for a step, at most 7; default 3. */
  readonly tokens?: number | undefined;
  /** The type of its matrices on the device. */
  readonly dtype?: WeightType;
  /** A recipe by which its matrices are quantised, in place of `dtype`. */
  readonly weights?: Recipe;
}

/** Tokens are proposed by the draft model that was loaded with the model. */
export interface DraftRequest {
  readonly kind: "draft";
  /** Tokens proposed for a step, at most 7; default what the model was loaded with. */
  readonly tokens?: number | undefined;
}

/** Where a model comes from: a path, address or name (see `openModel`), or files by their names. */
export type ModelSource = string | Readonly<Record<string, Blob>>;
