// What the kernels of attention's gradients by tiles have in common: tiles of the mask's range, or those of a map.
import tilesMap from "#shaders/attention/flash/tiles/map.wgsl";
import type { ShaderModule } from "../../../gpu/shader-module.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { KernelContext } from "../../kernel.ts";
import { attentionUniforms } from "../definition.ts";
import { quadTiles } from "./flash-tiles.ts";
import { type Axes, both, pairParts, partsOf } from "./fused.ts";
import type { BackwardProblem } from "./options.ts";

/** The problem, and whether its tiles come from a map: its sizes then. */
export interface TiledProblem extends BackwardProblem {
  readonly map?: { readonly maps: number; readonly blocks: number; readonly entries: number };
}

/** The common part of such kernels' records: `both`, and a map of tiles, which `part` reads. */
export const tiled = (part: ShaderModule = tilesMap) =>
  ({
    ...both,
    inputs: { ...both.inputs, "tileMap?": "[b, maps, blocks, entries]" },
    accepts: { tileMap: ["u32"] },
    uniforms: (_axes: object, problem: TiledProblem, views: KernelContext) => ({
      ...attentionUniforms(problem, { views, ...pairParts }),
      ...(problem.map ? { map_params: problem.map } : {}),
    }),
    specialise: ({ d, dv }: Axes, problem: TiledProblem, { gpu }: KernelContext) => ({
      parts: [...partsOf(problem), ...(problem.map ? [part] : [])],
      constants: { ...quadTiles(gpu, d, dv) },
    }),
  }) as const;

/** A problem whose tiles are those of a map, where there is one. */
export function mapped(problem: BackwardProblem, tileMap: Tensor | undefined): TiledProblem {
  const [, maps = 0, blocks = 0, entries = 0] = tileMap?.shape ?? [];
  return tileMap ? { ...problem, map: { maps, blocks, entries } } : problem;
}
