// A table with an entry for each offset of the key from the query, on both sides of its middle; the first and the last
// are for all beyond (attention/scores/signed-relative-bias).

const FAR: i32 = 0x7fffffff;

// Two ranges of offsets.
fn offsets_of(entry: u32) -> vec4i {
  let offset = i32(entry) - i32(params.entries / 2);
  let first = select(offset, -FAR, entry == 0);
  return vec4i(first, select(offset + 1, FAR, entry == params.entries - 1), 0, 0);
}

fn slope_of(offset: i32) -> f32 {
  return 1.0;
}
