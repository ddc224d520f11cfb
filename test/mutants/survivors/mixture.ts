import { edge } from "./reasons.ts";

// Reasons that several survivors share.
const unread = "rows of padding, which are never read";
const unstored = "columns past the expert's own are not stored";
const storedAgain = "the next segment's dispatch comes later and stores the same place again";
const pastLast = "rows of the expert that is none lie past the last segment";

/** Reasons of survivors in shaders of experts. */
export const mixtureSurvivors: Readonly<Record<string, string>> = {
  "shaders/moe/backward/rows.wgsl: for (var c = 0u; c < VECTORS; c++) { columns[c] = min(first_column + 4 * COLUMN_THREADS * c, params.k - 4); } → for (var c = 0u; c < VECTORS; c++) { columns[c] = min(first_column + 4 * COLUMN_THREADS * c, params.k + 4); }":
    edge,
  "shaders/moe/backward/rows.wgsl: for (var c = 0u; c < VECTORS; c++) { (2) → for (var c = 0u; c <= VECTORS; c++) {":
    "the workgroup of those columns comes later here and stores the right ones; wgsl/races and wgsl/run/gpu notice",
  "shaders/moe/balance/statistics-shares.wgsl: for (var e = 1u; e < EXPERTS; e++) { largest = max(largest, logits[first + e]); } → for (var e = 0u; e < EXPERTS; e++) { largest = max(largest, logits[first + e]); }":
    "the largest of a number and itself",
  "shaders/moe/backward/statistics.wgsl: for (var e = 1u; e < EXPERTS; e++) { largest = max(largest, logits[first + e]); } → for (var e = 0u; e < EXPERTS; e++) { largest = max(largest, logits[first + e]); }":
    "the largest of a number and itself",
  "shaders/moe/subgroups.wgsl: if (column >= params.n || own_weight < params.begin || own_weight >= params.end) { return; } → if (column >= params.n || own_weight < params.begin || own_weight > params.end) { return; }": `${storedAgain}; after the last segment there is no row of weights`,
  "shaders/moe/align/naive.wgsl: if (thread == 0) { write_offsets(); } → if (thread == 1) { write_offsets(); }":
    "any one thread may write them",
  "shaders/moe/grouped.wgsl: (expert + 1) * params.n - 1 → params.end - 1": unstored,
  "shaders/moe/grouped.wgsl: w_row[c] = clamp(min(weight_row + c, (expert + 1) * params.n - 1), params.begin, params.end - 1) - params.begin; → w_row[c] = clamp(min(weight_row + c, (expert + 2) * params.n - 1), params.begin, params.end - 1) - params.begin;":
    unstored,
  "shaders/moe/grouped.wgsl: if (block >= grids[4 * GRID + 3]) { return; } → if (block >= grids[5 * GRID + 3]) { return; }":
    "an access past the end is one to the last element, which is the right one",
  "shaders/moe/grouped.wgsl: if (block >= grids[4 * GRID + 3]) { return; } → nothing":
    "blocks past the last are rows that are never read",
  "shaders/moe/grouped.wgsl: if (slots[first_row + r] == NO_INDEX) { continue; } → nothing": unread,
  "shaders/moe/subgroups.wgsl: if (slots[first_row + r] != NO_INDEX) { → {": unread,
  "shaders/moe/groups/all.wgsl: return 0; → return 1;": "without groups the kept ones do not matter",
  "shaders/moe/row-slots/separate.wgsl: return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end; → return experts[row] < EXPERTS && weight_row >= params.begin && weight_row <= params.end;":
    storedAgain,
  "shaders/moe/row-slots/separate.wgsl: return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end; → return experts[row] <= EXPERTS && weight_row >= params.begin && weight_row < params.end;":
    pastLast,
  "shaders/moe/row-slots/gathered.wgsl: return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end; → return experts[row] < EXPERTS && weight_row >= params.begin && weight_row <= params.end;":
    storedAgain,
  "shaders/moe/row-slots/gathered.wgsl: return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end; → return experts[row] <= EXPERTS && weight_row >= params.begin && weight_row < params.end;":
    pastLast,
};
