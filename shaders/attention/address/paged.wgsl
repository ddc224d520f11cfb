// Keys in pages that lie anywhere in k and v [pages, g, page, d], the same in both: blockTable[b, i] is the page that
// holds keys i·page to i·page + page - 1 of batch row b (PagedAttention, Kwon et al. 2023, section 4.3). Rows may share
// pages.
//
// An entry that is not a page has no keys: they count as masked, and values read in their place are not used.

struct Pages { count: u32, entries: u32, shift: u32 }  // number of pages, entries of a row of the table, log2(page)

@group(3) @binding(0) var<storage, read> blockTable: array<u32>;  // [b, entries]
@group(3) @binding(1) var<uniform> pages: Pages;

fn page_of(b: u32, key: u32) -> u32 {
  return blockTable[b * pages.entries + (key >> pages.shift)];
}

fn slot_of(key: u32) -> u32 {
  return key & ((1u << pages.shift) - 1);
}

fn k_row(b: u32, g: u32, key: u32) -> u32 {
  return views.k_first + page_of(b, key) * views.k_batch + g * views.k_head + slot_of(key) * views.k_token;
}

fn v_row(b: u32, g: u32, key: u32) -> u32 {
  return views.v_first + page_of(b, key) * views.v_batch + g * views.v_head + slot_of(key) * views.v_token;
}

fn key_position(b: u32, key: u32) -> u32 {
  return key;
}

// The keys that queries at positions first to last may see, no more than the table has entries for.
fn visible_keys(b: u32, first: u32, last: u32) -> vec2u {
  return key_range(b, first, last, min(key_count(b), pages.entries << pages.shift));
}

// True if a key is in memory, and if keys first to last all are.
fn key_stored(b: u32, key: u32) -> bool {
  return key >> pages.shift < pages.entries && page_of(b, key) < pages.count;
}

fn keys_stored(b: u32, first: u32, last: u32) -> bool {
  for (var i = first >> pages.shift; i <= last >> pages.shift; i++) {
    if (i >= pages.entries || blockTable[b * pages.entries + i] >= pages.count) { return false; }
  }
  return true;
}
