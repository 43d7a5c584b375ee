"""Relevance flows backward through a network whose functions are intercepted as they run.

Between functions, what flows backward is relevance. Inside a function that shares relevance out in
proportion, it is ``relevance / output``, which moves by the ordinary gradient of that function and
becomes relevance again when multiplied by the input (`currency`).

- `interception`: sees every function, finds its rule, refuses those without one;
- `table`: rules by the name of the function;
- `signal`: what is known of a tensor that carries relevance, above all which jet each number is of;
- `ledger`: what was absorbed, by jet, layer and cause;
- `plan`, `bounds`: what stays from one chunk of jets to the next; the limits of inputs;
- `propagate`: one chunk of jets, there and back;
- `memory`, `called`: what is written into a tensor is read from all that share its memory; how a
  function was called;
- `rules`, `composites`: the rules as data;
- `functions`: functions without weights and their rules;
- `layers`: layers with weights, one forward, and on the way back what each rule computes.
"""
