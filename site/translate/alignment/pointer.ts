import { nothing, picked } from "../state.ts";

/** True if the pointer itself moved; browsers also send events when the page moves under a resting pointer. */
export const isMove = ({ movementX, movementY }: PointerEvent): boolean => movementX !== 0 || movementY !== 0;

/** When the pointer leaves, the focused token or the grid's cell is picked instead, if any. */
export function pointerLeaves(): void {
  if (!document.activeElement?.matches("#grid, button.aligned")) picked.value = nothing;
}
