import { expect, test } from "vitest";
import { gradients } from "./differentiate.ts";
import { dense, sequential } from "./layers.ts";
import { layOut } from "./layout.ts";
import { add, input, mul, relu, reshape, slice, sum } from "./ops.ts";
import { printGraph } from "./print.ts";
import { isOp, type Tensor, topologicalOrder } from "./tensor.ts";

const x = input("x", ["batch", 784]);
const network = (out: number) => sequential(dense(512), relu, dense(out))(x, "network");

function training(loss: Tensor): Record<string, Tensor> {
  const parameters = topologicalOrder([loss]).filter((node) => isOp(node, "parameter"));
  const slopes = gradients(loss, parameters);
  return Object.fromEntries(parameters.map(({ attributes }, i) => [`gradient/${attributes.name}`, slopes[i]!]));
}

const nodes = (outputs: Record<string, Tensor>) => topologicalOrder(Object.values(layOut(outputs)));

test("activations between products are turned, and what is read in rows is turned back", () => {
  expect(printGraph(layOut({ y: network(64) }, 1))).toMatchInlineSnapshot(`
    "%0 = feed "x" float32 [batch, 784]
    %1 = product(network/0/weight, %0, turnA=false, turnB=true) [512, batch]
    %2 = reshape(network/0/bias, shape=[512,1]) [512, 1]
    %3 = add(%1, %2) [512, batch]
    %4 = relu(%3) [512, batch]
    %5 = product(network/2/weight, %4, turnA=false, turnB=false) [64, batch]
    %6 = reshape(network/2/bias, shape=[64,1]) [64, 1]
    %7 = add(%5, %6) [64, batch]
    %8 = transpose(%7, order=[1,0]) [batch, 64]
    return { y: %8 }"
  `);
});

test("a training graph of dense layers turns nothing but what comes from outside", () => {
  const y = network(256);
  const turned = nodes(training(sum(mul(y, y))));
  expect(turned.filter(({ op }) => op === "linear" || op === "outer")).toEqual([]);
  expect(turned.filter(({ op }) => op === "transpose")).toEqual([]);
});

test("a region turns as a whole, targets and noise with it", () => {
  const target = input("target", ["batch", 256]);
  const error = add(network(256), target);
  const transposed = nodes(training(sum(mul(error, slice(mul(error, 2), 1, 0, 1))))).filter(
    ({ op }) => op === "transpose",
  );
  expect(transposed.map(({ inputs: [from] }) => from!.op)).toContain("input");
});

test("what would be transposed more than it gains stays", () => {
  const narrow = dense(8)(input("x", ["batch", 16]), "narrow");
  expect(nodes({ y: reshape(narrow, ["batch", 2, 4]) }).some(({ op }) => op === "product")).toBe(false);
});
