import { same } from "./reasons.ts";

// Reasons that several survivors share.
const testedAnyway = "a full tile is tested pair by pair, and the mask says that all of it is seen";
const hiddenAnyway = "more keys are visited, which the mask then hides";
const moreBlocks = "more blocks are visited, and fewer are full: the mask hides what that adds";
const noOffsets = "the second range holds no offset either way";
const noSlope = "offset 0 has a slope of 0";

/** Reasons of survivors in shaders of attention and its caches. */
export const attentionSurvivors: Readonly<Record<string, string>> = {
  "shaders/attention/backward/rows-q.wgsl: if (key < keys.y) { gradient = pair_gradients(b, h, t, key).y; } → if (key <= keys.y) { gradient = pair_gradients(b, h, t, key).y; }":
    "a gradient past the last key is not added",
  "shaders/attention/backward/blocks/range.wgsl: return Blocks(0, (query_count(b) + ROWS - 1) / ROWS); → return Blocks(1, (query_count(b) + ROWS - 1) / ROWS);":
    "where blocks are listed is read of a map alone",
  "shaders/attention/backward/blocks/range.wgsl: return first_query(b) + min(first_row + ROWS, query_count(b)) - 1; → return first_query(b) + min(first_row + ROWS, query_count(b)) + 1;":
    moreBlocks,
  "shaders/attention/backward/blocks/range.wgsl: if (first_row + ROWS > query_count(b) || first_key + KEYS > end) { return BlockVisit(first_row, 0); } → if (first_row + ROWS >= query_count(b) || first_key + KEYS > end) { return BlockVisit(first_row, 0); }":
    testedAnyway,
  "shaders/attention/backward/blocks/range.wgsl: if (seen.x < min(first_key + KEYS, end) && seen.y > first_key) { return n; } → if (seen.x < min(first_key + KEYS, end) && seen.y >= first_key) { return n; }":
    moreBlocks,
  "shaders/attention/backward/blocks/range.wgsl: return Blocks(0, (query_count(b) + ROWS - 1) / ROWS); → return Blocks(0, (query_count(b) + ROWS - 1) * ROWS);":
    "blocks past the last query have no rows, so they cost time alone",
  "shaders/attention/backward/elements/one.wgsl: return 0; → return 1;":
    "stands for the function of a user's text, which takes its place in every kernel",
  "shaders/attention/backward/entries/head.wgsl: return vec4i(-FAR, FAR, 0, 0); → return vec4i(-FAR, FAR, 1, 0);":
    noOffsets,
  "shaders/attention/backward/entries/slope.wgsl: return vec4i(-FAR, FAR, 0, 0); → return vec4i(-FAR, FAR, 1, 0);":
    noOffsets,
  "shaders/attention/backward/entries/slope.wgsl: return vec4i(-FAR, FAR, 0, 0); → return vec4i(-FAR, FAR, 0, 1);":
    noSlope,
  "shaders/attention/backward/entries/slope.wgsl: return f32(offset) * select(1.0, params.future, offset > 0); → return f32(offset) * select(1.0, params.future, offset >= 0);":
    noSlope,
  "shaders/attention/backward/entries/slope.wgsl: return f32(offset) * select(1.0, params.future, offset > 0); → return f32(offset) / select(1.0, params.future, offset > 0);":
    "the factor is 1 or −1",
  "shaders/attention/backward/flash-kv.wgsl: figures[c] = stats[row_of(b, h, min(first_of_quad + c, query_count(b) - 1))]; → figures[c] = stats[row_of(b, h, min(first_of_quad + c, query_count(b) + 1))];":
    "rows past the last are hidden",
  "shaders/attention/backward/table.wgsl: if (thread == 0) { dtable[at] = sum; } → if (thread == 1) { dtable[at] = sum; }":
    same,
  "shaders/attention/backward/sink.wgsl: if (h >= params.h) { return; } // the whole workgroup leaves → if (h > params.h) { return; } // the whole workgroup leaves":
    "there is a workgroup for each head, and one more only where a grid of more than 65,535 folds",
  "shaders/attention/subgroups.wgsl: min(first_key + SUBGROUP, end) → first_key + SUBGROUP":
    "keys past the end weigh 0, and what is NaN or infinite there is taken out by without_hidden",
  "shaders/attention/subgroups.wgsl: if (!key_stored(b, key)) { continue; } let row → let row":
    "keys that are not stored weigh 0, and what is NaN or infinite in their place is taken out by without_hidden",
  "shaders/attention/split-k/reduce.wgsl: for (var i = 0u; i < min(SHARE, count); i++) { → for (var i = 0u; i <= min(SHARE, count); i++) {":
    "of the maxima: the next value has been counted, or is of a thread without keys, which has the least there is",
  "shaders/attention/split-k/parts.wgsl: let threads = min(WORKGROUP, (keys.y - keys.x + THREAD_KEYS - 1) / THREAD_KEYS); // those that have keys → let threads = min(WORKGROUP, (keys.y + keys.x + THREAD_KEYS - 1) / THREAD_KEYS); // those that have keys":
    "threads without keys have the least maximum and weigh nothing: reducing them too takes longer",
  "shaders/attention/flash.wgsl: if (key < end && key_stored(b, key)) { values = load_v4 → if (key_stored(b, key)) { values = load_v4":
    "keys past the end weigh 0, and what is NaN or infinite there is taken out by without_hidden",
  "shaders/attention/flash/runs.wgsl: for (var r = 1u; r < THREAD_ROWS; r++) { → for (var r = 1u; r <= THREAD_ROWS; r++) {":
    "an index past the end means the last element, which then moves to its own place",
  "shaders/attention/joined-ranges.wgsl: if (a.x >= a.y) { return b; } → if (a.x > a.y) { return b; }":
    "a range of nothing makes the joined one wider, and the mask hides what it adds",
  "shaders/attention/flash.wgsl: let last_position = first_query(b) + query_of_row(min(block * ROWS + ROWS, rows) - 1); → let last_position = first_query(b) + query_of_row(min(block * ROWS + ROWS, rows) + 1);":
    hiddenAnyway,
  "shaders/attention/rows.wgsl: workgroupBarrier(); // the weights have been read → nothing":
    "the reduction that comes before the weights are written again has its own barriers; this one does not depend on how it reduces",
  "shaders/attention/rows.wgsl: if (value_thread < VALUE_THREADS) { → if (value_thread <= VALUE_THREADS) {":
    "the threads left over where the vectors of a row do not divide the workgroup sum up what is never read",
  "shaders/attention/rows.wgsl: if (thread == 0) { store_lse(b, h, t, log_sum_exp(state.largest, state.sum)); } → if (thread == 1) { store_lse(b, h, t, log_sum_exp(state.largest, state.sum)); }":
    same,
  "shaders/attention/scores/alibi.wgsl: return score + slopes[h] * ahead * select(1.0, score_params.future, ahead > 0.0); → return score + slopes[h] * ahead / select(1.0, score_params.future, ahead > 0.0);":
    "the factor is 1 or −1",
  "shaders/attention/scores/alibi.wgsl: return score + slopes[h] * ahead * select(1.0, score_params.future, ahead > 0.0); → return score + slopes[h] * ahead * select(1.0, score_params.future, ahead >= 0.0);":
    "at no distance it is a factor of 0",
  "shaders/attention/subgroups.wgsl: key >= end || → nothing":
    "what is past the end repeats the last key, and its weight is not added up",
  "shaders/attention/subgroups.wgsl: if (first_key >= end) { break; } → if (first_key > end) { break; }":
    "one more turn, of no keys",
  "shaders/kv-cache/slot/ring.wgsl: last - at < round → true":
    "two tokens of one run come to one slot, and on this adapter the later one comes later",
  "shaders/attention/split-k/parts.wgsl: for (var n = 0u; n < THREAD_KEYS; n++) { row[n] = k_row(b, group, min(own_key + n, keys.y - 1)); } → for (var n = 0u; n < THREAD_KEYS; n++) { row[n] = k_row(b, group, min(own_key + n, keys.y + 1)); }":
    "keys after the last are scored, and then hidden",
  "shaders/attention/split-k/parts.wgsl: let last_key = min(first_key + KEYS, keys.y) - 1; → let last_key = max(first_key + KEYS, keys.y) - 1;":
    testedAnyway,
  "shaders/attention/split-k/range.wgsl: let last = min(block * ROWS + ROWS, heads * query_count(b)) - 1; → let last = max(block * ROWS + ROWS, heads * query_count(b)) - 1;":
    hiddenAnyway,
  "shaders/attention/split-k/store.wgsl: workgroupBarrier(); // the output has been read → nothing":
    "where there are several columns of vectors to a thread no other thread shares them, and it reads what it wrote itself",
  "shaders/attention/split-k/store.wgsl: if (thread == 0) { → if (thread == 1) {": same,
  "shaders/attention/split-k/range.wgsl: max(block_keys.x, split * params.span) → split * params.span":
    "keys before a window are visited, which the mask then hides",
  "shaders/attention/flash/store/parts.wgsl: if (column == 0) { stats[part] = vec2f(largest[0], sums[0]); } → if (column == 1) { stats[part] = vec2f(largest[0], sums[0]); }":
    same,
  "shaders/attention/flash/tiles/map.wgsl: if (tile % 2 == 0) { return Visit(first_key, 0); } → if (tile % 1 == 0) { return Visit(first_key, 0); }":
    testedAnyway,
  "shaders/attention/flash/tiles/map.wgsl: return Visit(first_key, u32(keys_stored(b, first_key, first_key + KEYS - 1))); → return Visit(first_key, u32(keys_stored(b, first_key, first_key + KEYS + 1)));":
    testedAnyway,
  "shaders/attention/flash/tiles/range.wgsl: return Tiles(keys.x, (max(keys.x, keys.y) - keys.x + KEYS - 1) / KEYS, keys.y); → return Tiles(keys.x, (max(keys.x, keys.y) - keys.x + KEYS - 0) / KEYS, keys.y);":
    "one more tile is visited, after the last key, and is wholly hidden",
  "shaders/attention/flash/tiles/range.wgsl: if (first_key + KEYS > tiles.end) { return Visit(first_key, 0); } → if (first_key + KEYS >= tiles.end) { return Visit(first_key, 0); }":
    testedAnyway,
  "shaders/attention/masks/causal.wgsl: return vec2u(0, u32(clamp(i32(last) + 1, 0, i32(keys)))); → return vec2u(0, u32(clamp(i32(last) + 2, 0, i32(keys))));":
    hiddenAnyway,
  "shaders/attention/masks/causal.wgsl: return vec2u(0, u32(clamp(i32(last) + 1, 0, i32(keys)))); → return vec2u(0, u32(clamp(i32(last) + 1, 1, i32(keys))));":
    hiddenAnyway,
  "shaders/attention/masks/sliding-window.wgsl: return vec2u(u32(begin), u32(clamp(i32(last) + 1, 0, i32(keys)))); → return vec2u(u32(begin), u32(clamp(i32(last) + 1, 1, i32(keys))));":
    hiddenAnyway,
};
