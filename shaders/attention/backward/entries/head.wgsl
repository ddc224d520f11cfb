// One entry for a head, for all offsets (attention/scores/head-bias).

const FAR: i32 = 0x7fffffff;

// Two ranges of offsets.
fn offsets_of(entry: u32) -> vec4i {
  return vec4i(-FAR, FAR, 0, 0);
}

fn slope_of(offset: i32) -> f32 {
  return 1.0;
}
