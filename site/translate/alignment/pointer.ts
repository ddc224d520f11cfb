import { nothing, picked } from "../state.ts";

/** True where the pointer itself moved; browsers also send events when the page moves below one that rests. */
export const isMove = ({ movementX, movementY }: PointerEvent): boolean => movementX !== 0 || movementY !== 0;

/** What a pointer leaves is no longer picked, unless a token or the grid has the focus: then that counts. */
export function pointerLeaves(): void {
  if (!document.activeElement?.matches("#grid, button.aligned")) picked.value = nothing;
}
