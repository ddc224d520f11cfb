// One slope for a head, which is multiplied by the offset, and after the query by params.future as well
// (attention/scores/alibi).

const FAR: i32 = 0x7fffffff;

// Two ranges of offsets.
fn offsets_of(entry: u32) -> vec4i {
  return vec4i(-FAR, FAR, 0, 0);
}

fn slope_of(offset: i32) -> f32 {
  return f32(offset) * select(1.0, params.future, offset > 0);
}
