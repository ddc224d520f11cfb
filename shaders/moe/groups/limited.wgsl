// with: lib/numbers/lowest-float
// Experts in GROUPS equal runs, of which only those of KEPT groups may be chosen: the groups with the largest sums of
// their TOP largest keys, the lowest of equals (DeepSeek-V2, section 2.1.2, with TOP = 1; DeepSeek-V3 with 2). A set of
// groups is a mask of bits.

const GROUPS: u32 = 4;
const KEPT: u32 = 2;
const TOP: u32 = 1;
const_assert GROUPS <= 32 && KEPT <= GROUPS && EXPERTS % GROUPS == 0 && (TOP == 1 || TOP == 2);

const GROUP_EXPERTS = EXPERTS / GROUPS;

fn kept_groups(first: u32, largest: f32) -> u32 {
  var kept = 0u;
  for (var n = 0u; n < KEPT; n++) {
    var best = GROUPS;
    var best_key = IMPOSSIBLE;
    for (var group = 0u; group < GROUPS; group++) {
      let key = order_key(group_key(first, group, largest));
      if (((kept >> group) & 1) == 0 && (best == GROUPS || key > best_key)) {
        best = group;
        best_key = key;
      }
    }
    kept |= 1u << best;
  }
  return kept;
}

fn group_key(first: u32, group: u32, largest: f32) -> f32 {
  var top = key_of(logits[first + group * GROUP_EXPERTS], largest, group * GROUP_EXPERTS);
  var second = LOWEST_FLOAT;
  for (var i = 1u; i < GROUP_EXPERTS; i++) {
    let e = group * GROUP_EXPERTS + i;
    let key = key_of(logits[first + e], largest, e);
    second = max(second, min(top, key));
    top = max(top, key);
  }
  return select(top, top + second, TOP == 2);
}

fn in_groups(e: u32, groups: u32) -> bool {
  return ((groups >> (e / GROUP_EXPERTS)) & 1) == 1;
}
