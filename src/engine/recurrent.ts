/**
 * @file A recurrent layer over sequences of different lengths. In: number of units. Out: a function from a padded sequence and its mask
 * to states. Unrolled: time is an axis of fixed size.
 */
import { dense } from "./layers.ts";
import { add, concat, constant, expand, mul, reshape, sigmoid, slice, sub, tanh } from "./ops.ts";
import { ShapeError, sameShape, type Tensor } from "./tensor.ts";

export interface GruOptions {
  /** From the last step to the first. */
  readonly reverse?: boolean;
  /** "sequence": the state after each step, [batch, time, units]; "last": the state after all steps, [batch, units]. */
  readonly returns?: "sequence" | "last";
}

/**
 * Gated recurrent unit (Cho 2014, arXiv 1406.1078 version 1: the reset gate acts after the recurrent product, as in cuDNN and PyTorch,
 * so that one product serves all three gates):
 *   r = σ(W_r x + U_r h + b_r)   z = σ(W_z x + U_z h + b_z)   n = tanh(W_n x + b_n + r ⊙ (U_n h + c_n))
 *   h ← h + m (1 - z) ⊙ (n - h)
 * with m = 1 at a step that is there and 0 at one that is not: there the state stays, so padding may stand before, after or
 * between. The first state is 0. Gates stand in the order r, z, n along the first axis of every weight.
 * @returns a function of x [batch, time, features], mask [batch, time] of 0 and 1, and the layer's name
 * @throws ShapeError when x or the mask has other axes
 */
export const gru =
  (units: number, { reverse = false, returns = "sequence" }: GruOptions = {}) =>
  (x: Tensor, mask: Tensor, name: string): Tensor => {
    const [batch, time] = x.shape;
    if (x.shape.length !== 3 || typeof time !== "number" || !sameShape(mask.shape, [batch!, time])) {
      throw new ShapeError("gru", "x [batch, time, features] and a mask [batch, time]", [x.shape, mask.shape]);
    }
    const step = (of: Tensor, t: number) =>
      reshape(slice(of, 1, t, t + 1), [batch!, of.shape.length === 3 ? 3 * units : 1]);
    const project = (of: Tensor, kind: string) => dense(3 * units, { gain: 1 })(of, `${name}/${kind}`);
    const projected = project(x, "input");

    let state = expand(constant(0), slice(step(projected, 0), 1, 0, units));
    const states: Tensor[] = [];
    for (let i = 0; i < time; i++) {
      const t = reverse ? time - 1 - i : i;
      const { update, candidate } = gatesOf(step(projected, t), project(state, "state"), units);
      const share = mul(sub(1, update), step(mask, t));
      state = add(state, mul(share, sub(candidate, state)));
      states[t] = state;
    }
    if (returns === "last") return state;
    return concat(
      states.map((one) => reshape(one, [batch!, 1, units])),
      1,
    );
  };

/** z and n of one step, from the projections [batch, 3 x units] of its input and of the state before. */
function gatesOf(fromInput: Tensor, fromState: Tensor, units: number) {
  const gate = (of: Tensor, i: number) => slice(of, 1, i * units, (i + 1) * units);
  const gates = sigmoid(add(slice(fromInput, 1, 0, 2 * units), slice(fromState, 1, 0, 2 * units)));
  const [reset, update] = [gate(gates, 0), gate(gates, 1)];
  return { update, candidate: tanh(add(gate(fromInput, 2), mul(reset, gate(fromState, 2)))) };
}
