// A NaN among the logits is not recorded.

fn flag_nan() {}
