import { choose, drawn, painted, setup } from "../state.ts";
import { blockSizes, maxBlocks, paintedName, repainted, sizeFor, traced } from "./painted.ts";

/** Buttons that turn the drawn mask into tiles to paint, and change all tiles together. */
export function TilePainter({
  keep,
  shape,
}: {
  keep: (query: number, key: number) => boolean;
  shape: { readonly t: number; readonly s: number };
}) {
  const keys = shape.s;
  const tiles = painted.value;
  const usual = sizeFor(keys);
  const begin = (size: number) => {
    painted.value = traced(keep, shape, size);
    choose({ masks: [...setup.value.masks.filter((name) => name !== paintedName), paintedName] });
  };
  const remove = () => {
    const masks = setup.value.masks.filter((name) => name !== paintedName);
    choose({ masks: masks.length > 0 ? masks : ["causal"] });
    painted.value = undefined;
  };
  if (!tiles || drawn.value?.mask.text !== paintedName) {
    return (
      <p class="row">
        <button
          type="button"
          aria-disabled={usual === undefined}
          aria-describedby="paint-says"
          onClick={() => usual !== undefined && begin(usual)}
        >
          Paint tiles from this mask
        </button>
        <span class="small muted" id="paint-says">
          {usual === undefined
            ? `At most ${maxBlocks * 128} keys can be painted.`
            : `Every tile of ${usual} × ${usual} in which it keeps a pair starts painted.`}
        </span>
      </p>
    );
  }
  return (
    <fieldset class="painter">
      <legend>Painted tiles</legend>
      <div class="row">
        <label>
          Tile{" "}
          <select
            value={tiles.size}
            onChange={({ currentTarget }) => begin(Number(currentTarget.value))}
            aria-label="Keys of a painted tile"
          >
            {blockSizes
              .filter((size) => keys <= maxBlocks * size || size === tiles.size)
              .map((size) => (
                <option key={size} value={size}>
                  {size} × {size}
                </option>
              ))}
          </select>
        </label>
        <button
          type="button"
          onClick={() => {
            painted.value = repainted(tiles, (row, column, was) => !was(row, column));
          }}
        >
          Invert
        </button>
        <button
          type="button"
          onClick={() => {
            painted.value = repainted(tiles, (row, column, was) => was(column, row));
          }}
        >
          Mirror
        </button>
        <button
          type="button"
          onClick={() => {
            painted.value = repainted(tiles, (row, column) => column <= row);
          }}
        >
          Causal
        </button>
        <button
          type="button"
          onClick={() => {
            painted.value = repainted(tiles, () => false);
          }}
        >
          Clear
        </button>
        <button type="button" onClick={remove}>
          Remove
        </button>
      </div>
      <p class="small muted">
        Click or drag over the picture; or focus it and use the arrow keys, Space, and Shift with arrows. It is measured
        as <code>block-sparse</code>, checked like every mask, and part of the link. A query without tiles gives zeros.
      </p>
    </fieldset>
  );
}
