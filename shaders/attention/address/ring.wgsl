// A ring cache: it keeps the keys of the first `sinks` positions and of the last positions that fit after
// them, position p in slot sinks + (p - sinks) mod (slots - sinks) (StreamingLLM, Xiao et al. 2023, section 3.2; a
// window cache without sinks). Keys are counted in the order of their positions, of those that are kept.

struct Ring { slots: u32, sinks: u32 }

@group(3) @binding(1) var<uniform> ring: Ring;

// Positions between the sinks and the first that is kept after them.
fn positions_lost(b: u32) -> u32 {
  return max(key_count(b), ring.slots) - ring.slots;
}

fn key_position(b: u32, key: u32) -> u32 {
  return select(key + positions_lost(b), key, key < ring.sinks);
}

fn slot_of(b: u32, key: u32) -> u32 {
  let past = (key + positions_lost(b) - ring.sinks) % (ring.slots - ring.sinks);
  return select(ring.sinks + past, key, key < ring.sinks);
}

fn k_row(b: u32, g: u32, key: u32) -> u32 {
  return views.k_first + b * views.k_batch + g * views.k_head + slot_of(b, key) * views.k_token;
}

fn v_row(b: u32, g: u32, key: u32) -> u32 {
  return views.v_first + b * views.v_batch + g * views.v_head + slot_of(b, key) * views.v_token;
}

// The keys that queries at positions first to last may see.
fn visible_keys(b: u32, first: u32, last: u32) -> vec2u {
  let positions = key_range(b, first, last, key_count(b));
  let lost = vec2u(positions_lost(b));
  let sinks = vec2u(ring.sinks);
  let kept = max(positions, sinks + lost) - lost;
  return vec2u(select(kept.x, positions.x, positions.x < ring.sinks), select(kept.y, positions.y, positions.y <= ring.sinks));
}

// True if a key is in memory, and if keys first to last all are.
fn key_stored(b: u32, key: u32) -> bool {
  return true;
}

fn keys_stored(b: u32, first: u32, last: u32) -> bool {
  return true;
}
