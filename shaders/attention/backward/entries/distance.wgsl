// A table with an entry for each distance of the key, before or after the query; the last is for all beyond
// (attention/scores/relative-bias).

const FAR: i32 = 0x7fffffff;

// Two ranges of offsets: after the query, its own position included, and before it.
fn offsets_of(entry: u32) -> vec4i {
  let distance = i32(entry);
  let end = select(distance + 1, FAR, entry == params.entries - 1);
  return vec4i(distance, end, 1 - end, min(1 - distance, 0));
}

fn slope_of(offset: i32) -> f32 {
  return 1.0;
}
