/**
 * @file What a trainer is told about its optimiser. In: plain options and the parameters' names. Out: checked settings with defaults,
 * for the whole and for each parameter.
 */

/**
 * Adam (Kingma & Ba 2015, algorithm 1). With `weightDecay` it is AdamW (Loshchilov & Hutter 2019, algorithm 2), with `amsgrad`
 * AMSGrad (Reddi et al. 2018, algorithm 2; the bias of the largest second moment is corrected, as in PyTorch).
 */
export interface AdamOptions {
  /** Decay of the first moment, in [0, 1); 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment, in [0, 1); 0.999. */
  readonly beta2?: number;
  /** Added to the root of the second moment; 1e-8. */
  readonly epsilon?: number;
  /** Each update takes rate · weightDecay of the parameter away, whatever its gradient; 0. */
  readonly weightDecay?: number;
  /** Divide by the root of the largest second moment so far; false. */
  readonly amsgrad?: boolean;
}

/** What differs for some parameters. */
export interface ParameterGroup {
  /** Names, in which * stands for any characters: "encoder-*", "*bias". */
  readonly parameters: readonly string[];
  /** Factor of the learning rate; 1. */
  readonly rate?: number;
  /** In place of the optimiser's own. */
  readonly weightDecay?: number;
  /** Never changed; false. */
  readonly frozen?: boolean;
}

/**
 * An exponential moving average of each parameter θ over its updates t = 1, 2, …: aₜ = aₜ₋₁ + (1 − decay)/(1 − decayᵗ)·(θₜ − aₜ₋₁).
 * That is the average of Kingma & Ba 2015, section 7.2, its bias towards the start corrected at every t: a₁ = θ₁.
 */
export interface AverageOptions {
  /** In [0, 1): the average looks back over about 1 / (1 − decay) updates. */
  readonly decay: number;
}

export interface TrainerOptions {
  readonly optimiser?: AdamOptions;
  /** A parameter belongs to the first group that names it; one that none names is trained as the optimiser says. */
  readonly groups?: readonly ParameterGroup[];
  /** Kept only where this is given. */
  readonly average?: AverageOptions;
}

export interface ParameterSettings {
  readonly rate: number;
  readonly weightDecay: number;
  readonly frozen: boolean;
}

/** @throws Error naming an option that is out of its range */
export function adamSettings({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  weightDecay = 0,
  amsgrad = false,
}: AdamOptions = {}): Required<AdamOptions> {
  checkShare("optimiser.beta1", beta1);
  checkShare("optimiser.beta2", beta2);
  check("optimiser.epsilon", epsilon, "above 0", epsilon > 0);
  check("optimiser.weightDecay", weightDecay, "of at least 0", weightDecay >= 0);
  return { beta1, beta2, epsilon, weightDecay, amsgrad };
}

/** @throws Error where the decay is out of its range */
export function averageDecay({ average }: TrainerOptions): number | undefined {
  if (average) checkShare("average.decay", average.decay);
  return average?.decay;
}

/** Settings of each parameter. @throws Error naming a pattern that fits no parameter, or a number out of its range */
export function parameterSettings(
  names: readonly string[],
  { optimiser, groups = [] }: TrainerOptions,
): Readonly<Record<string, ParameterSettings>> {
  const { weightDecay: common } = adamSettings(optimiser);
  const settings = new Map<string, ParameterSettings>();
  for (const { parameters, rate = 1, weightDecay = common, frozen = false } of groups) {
    check("a group's rate", rate, "of at least 0", rate >= 0);
    check("a group's weightDecay", weightDecay, "of at least 0", weightDecay >= 0);
    for (const pattern of parameters) {
      const own = names.filter((name) => fits(pattern, name));
      if (own.length === 0) {
        throw new Error(
          `Cannot train: a group names "${pattern}", which fits no parameter; the parameters are ${shown(names)}.`,
        );
      }
      for (const name of own) if (!settings.has(name)) settings.set(name, { rate, weightDecay, frozen });
    }
  }
  const rest: ParameterSettings = { rate: 1, weightDecay: common, frozen: false };
  return Object.fromEntries(names.map((name) => [name, settings.get(name) ?? rest]));
}

const shown = (names: readonly string[], most = 20): string =>
  names.slice(0, most).join(", ") + (names.length > most ? ` and ${names.length - most} more` : "");

const fits = (pattern: string, name: string): boolean =>
  new RegExp(`^${pattern.split("*").map(literally).join(".*")}$`, "s").test(name);

const literally = (text: string): string => text.replace(/[\\^$.+?()[\]{}|]/g, "\\$&");

const checkShare = (name: string, value: number) => check(name, value, "in [0, 1)", value >= 0 && value < 1);

function check(name: string, value: number, expected: string, isRight: boolean): void {
  if (!isRight || !Number.isFinite(value))
    throw new Error(`Cannot train: expected ${name} to be a number ${expected}, received ${value}.`);
}
