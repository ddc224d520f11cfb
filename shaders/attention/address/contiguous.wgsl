// A head's keys lie one after the other: key i of batch row b is row i of k[b] and v[b], or comes i rows after the
// first of its sequence where several share a row.
//
// Keys are counted in the order in which the cache holds them; key_position is the position that masks and scores see.

fn k_row(b: u32, g: u32, key: u32) -> u32 {
  return views.k_first + batch_row(b) * views.k_batch + g * views.k_head + (keys_before(b) + key) * views.k_token;
}

fn v_row(b: u32, g: u32, key: u32) -> u32 {
  return views.v_first + batch_row(b) * views.v_batch + g * views.v_head + (keys_before(b) + key) * views.v_token;
}

fn key_position(b: u32, key: u32) -> u32 {
  return key;
}

// The keys that queries at positions first to last may see.
fn visible_keys(b: u32, first: u32, last: u32) -> vec2u {
  return key_range(b, first, last, key_count(b));
}

// True if a key is in memory, and if keys first to last all are.
fn key_stored(b: u32, key: u32) -> bool {
  return true;
}

fn keys_stored(b: u32, first: u32, last: u32) -> bool {
  return true;
}
