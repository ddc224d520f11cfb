import { inShader, type Mistake } from "../mutant.ts";

/** Mistakes in attention by subgroups, and in the parts that split its keys. */
export const subgroupMistakes: readonly Mistake[] = [
  inShader(
    "attention/subgroups",
    "load_k4(key_rows[n], i)",
    "load_k4(key_rows[n], i - first)",
    "the first columns for all",
  ),
  inShader("attention/subgroups", "new_largest = subgroupMax(new_largest);", "", "each thread has a separate maximum"),
  inShader("attention/subgroups", "sums[r] *= rescale;", "", "sums are not rescaled"),
  inShader("attention/subgroups", "out_rows[r][c] *= rescale;", "", "the output is not rescaled"),
  inShader(
    "attention/subgroups",
    "subgroupShuffle(own[r], key - first_key);\n          tile_sums",
    "own[r];\n          tile_sums",
    "own weights for all",
  ),
  inShader(
    "attention/subgroups",
    "min(first_key + SUBGROUP, end)",
    "first_key + SUBGROUP",
    "values past the end are read",
  ),
  inShader(
    "attention/subgroups",
    "if (!key_stored(b, key)) { continue; }\n        let row",
    "let row",
    "pages that are not there are read",
  ),
  inShader("attention/subgroups", "key >= end || ", "", "keys past the end count"),
  inShader(
    "attention/subgroups",
    "load_v4(row, c * SUBGROUP + thread)",
    "load_v4(row, c * SUBGROUP)",
    "one column for all",
  ),
  inShader("attention/subgroups", "full == 0 && hidden", "full == 1 && hidden", "only full tiles are tested"),
  inShader(
    "attention/flash/rows-of/split",
    "return workgroup_y % params.g;",
    "return workgroup_y / params.g;",
    "splits for groups",
  ),
  inShader(
    "attention/flash/rows-of/split",
    "return workgroup_y / params.g;",
    "return workgroup_y % params.g;",
    "groups for splits",
  ),
  inShader(
    "attention/flash/rows-of/split",
    "min(keys.y, first + splits.span)",
    "keys.y",
    "the keys of later splits are counted again",
  ),
  inShader(
    "attention/flash/rows-of/split",
    "max(keys.x, first)",
    "keys.x",
    "the keys of the splits before count again",
  ),
  inShader(
    "attention/flash/store/parts",
    "query * splits.count + split_at(workgroup_y)",
    "query * splits.count",
    "all splits in the first's place",
  ),
  inShader(
    "attention/flash/store/parts",
    "vec2f(largest[0], sums[0])",
    "vec2f(largest_of_rows[0], sums[0])",
    "the maximum of the first row for all",
  ),
  inShader(
    "attention/flash/store/parts",
    ", first_and_end.y)",
    ", first_and_end.y + 1)",
    "a row past the end is stored",
  ),
];
