/** @file What each figure is and where it comes from, in a sentence: for the report, the JSON and the docs. */
import { leastAccuracy } from "./coherence.ts";

export const definitions: Readonly<Record<string, string>> = {
  coherence: `Share of rows whose target, decoded from the posterior mean of the source modality alone, shows the class of the row in the eyes of an independent judge. Only modalities whose judge is right in at least ${leastAccuracy * 100} % of real rows, and wrong at most half as often as always naming the commonest class, take part. Shi et al. 2019 (MMVAE, arXiv 1911.03393), section 4.`,
  coherenceSampled: "As coherence, decoded from one draw of the posterior instead of its mean. Shi et al. 2019.",
  jointCoherence:
    "Share of 1,000 draws from the fitted prior for which the judges of all modalities see the same class. Shi et al. 2019.",
  judges:
    "Accuracy, on real rows that it never saw, of the small classifier that judges a modality; trained on real training rows only, never on anything the model made.",
  latentAccuracy:
    "Accuracy of a multinomial logistic regression on the posterior means, fitted to training rows. Shi et al. 2019; Sutter et al. 2021 (MoPoE).",
  lowerBound:
    "Evidence lower bound per row in nats: the sum over present modalities of log p(x|z) at one posterior draw, less KL(q(z|x) || N(0, I)). Never rescaled. Kingma & Welling 2014 (arXiv 1312.6114), eq. 3.",
  reconstruction:
    "Each modality decoded from the posterior mean of the whole row: mean log-likelihood per row in nats (of texts also per token, the end counted, given the true tokens before it), and a plain error beside that of the best constant answer learnt from training rows. inversion, of sounds: median over at most 50 real clips of the spectral convergence in dB, 20 log10 of ||X - S|| / ||S||, S the magnitudes that a spectrogram asks for, X those of the sound made from it. Sturmel & Daudet 2011, eq. 8.",
  imputation:
    "Each observed cell hidden one at a time (of a table of more than 50 columns, a twentieth of them at a time), the rest of the row given, the label never: error of the guess beside that of the column's mean, median or mode. Categories: share of wrong guesses; levels: mean shift / number of levels; labels: share of labels wrongly there or not; numbers: root mean square error / range. Nazabal et al. 2018 (HI-VAE, arXiv 1807.03653), section 5. coverage90: share of numbers and dates inside the middle 90 % of draws; crps: Gneiting & Raftery 2007, eq. 21, in the column's unit; both of at most 500 rows.",
  search:
    "Query and candidates encoded from the named modality alone, ranked by cosine. precisionAt10: share of the 10 nearest that have the query's class, its own row left out. recallAt1, recallAt10: share of queries whose own row is the nearest, or among the 10 nearest. Manning et al. 2008, chapter 8.",
  training: "Processor seconds over all threads, seconds by the clock, and epochs of the training run.",
};
