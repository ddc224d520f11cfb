// The numbers of peaks/multiply-add: f32.

alias Number = f32;
alias Numbers = vec4f;
