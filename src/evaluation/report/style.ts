/** @file The report's style sheet: light and dark by the reader's setting, readable on a phone and on paper. */
export const style = `
:root{--ink:#1b1f24;--soft:#5c6570;--line:#e3e6ea;--ground:#fbfbf9;--card:#fff;--accent:#3557c9;--good:#2c8f4e;--faint:#b9c1cc;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ink:#e6e8ea;--soft:#9aa4af;--line:#2b323a;--ground:#13171c;--card:#1a1f26;--accent:#8aa4ff;--good:#5cc481;--faint:#4b5562}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:62rem;margin:0 auto;padding:3.5rem 1.25rem 5rem}
h1,h2{font-family:ui-serif,"Iowan Old Style",Palatino,Georgia,serif;font-weight:600;line-height:1.18;letter-spacing:-.01em;text-wrap:balance}
h1{font-size:clamp(2rem,5vw,3.1rem);margin:.2em 0 .35em}
h2{font-size:1.7rem;margin:0 0 .3em}
h3{font-size:1rem;margin:1.8rem 0 .6rem}
p{max-width:44rem;margin:.4em 0 1em}
.eyebrow{color:var(--accent);font-weight:600;font-size:.85rem;letter-spacing:.06em;text-transform:uppercase;margin:0}
.lead{font-size:1.16rem;color:var(--soft);max-width:46rem}
.note,figcaption,.tick{color:var(--soft)}
.note{font-size:.88rem}
section{border-top:1px solid var(--line);margin-top:3.2rem;padding-top:2.2rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.9rem,1fr));gap:.7rem;margin:2rem 0 0;padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.85rem .9rem}
.tiles b{display:block;font:600 1.75rem/1.2 ui-serif,Palatino,Georgia,serif}
.tiles span{color:var(--soft);font-size:.86rem;line-height:1.35;display:block}
.scroll{overflow-x:auto;margin:.8rem 0}
table{border-collapse:collapse;width:100%;font-size:.93rem;font-variant-numeric:tabular-nums}
th{font-weight:600;text-align:left;color:var(--soft);font-size:.84rem}
th,td{padding:.45rem .8rem .45rem 0;border-bottom:1px solid var(--line);vertical-align:middle}
td.n,th.n{text-align:right}
td small{color:var(--soft)}
.nowrap{white-space:nowrap}
.bar{position:relative;display:inline-block;width:8rem;max-width:26vw;height:.62rem;border-radius:99px;background:var(--line);vertical-align:middle}
.bar b{position:absolute;inset:0 auto 0 0;border-radius:99px;background:var(--accent)}
.bar em{position:absolute;top:-.22rem;bottom:-.22rem;width:2px;margin-left:-1px;background:var(--ink)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:1rem}
figure{margin:0}
.chart{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.8rem .8rem .3rem}
.chart figcaption{font-size:.88rem;font-weight:600;color:var(--ink)}
svg{display:block;width:100%;height:auto}
.grid{stroke:var(--line)}.tick{font-size:10.5px;fill:var(--soft)}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.line.main{stroke:var(--accent)}.line.faint{stroke:var(--faint)}
.mark{stroke:var(--good);stroke-dasharray:3 3}
.hover{fill:transparent}.hover:hover{fill:var(--accent)}
.key{display:flex;gap:1.2rem;flex-wrap:wrap;font-size:.86rem;color:var(--soft);margin:.6rem 0}
.key i{display:inline-block;width:1.3rem;height:0;border-top:2px solid;vertical-align:middle;margin-right:.4rem}
.map{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:.6rem}
.map .dot{stroke-linejoin:round;fill-opacity:.82;stroke:var(--card);stroke-width:.6}.map .dot:hover{fill-opacity:1;stroke:var(--ink);stroke-width:1.5}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1rem;padding:.4rem .6rem .5rem;font-size:.88rem}
.legend svg{width:.9rem;height:.9rem;display:inline-block;vertical-align:-.1rem;margin-right:.35rem;fill:var(--soft)}
.legend i{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;margin-right:.4rem}
.gallery td,.gallery th{padding-right:1.1rem}
.gallery td{border-bottom:1px solid var(--line);padding-block:.55rem}
.gallery td:first-child{border-right:1px solid var(--line)}
.gallery td+td{padding-left:1.1rem}.gallery th+th{padding-left:1.1rem}
.row{display:flex;gap:.5rem;align-items:center}
.row .draw{opacity:.8}.row .draw .picture{width:40px}dd{overflow-wrap:anywhere}.row .draw .word{max-width:9rem;font-size:.85rem;color:var(--soft)}
.picture{width:64px;height:auto;image-rendering:pixelated;border-radius:6px;background:#000;display:block;border:1px solid var(--line)}
.sound{display:inline-flex;flex-direction:column;gap:.25rem;width:10.5rem}
.sound img{width:100%;height:72px;border-radius:6px;display:block}
.sound audio{width:100%;height:28px}
.word{overflow-wrap:break-word;display:inline-block;max-width:20rem;font:600 1.12rem/1.3 ui-serif,Palatino,Georgia,serif}
.gap{color:var(--soft)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(12.5rem,1fr));gap:1rem;padding:0;list-style:none}
.cards li{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:.9rem;display:flex;flex-direction:column;gap:.6rem;align-items:flex-start}
.cards dl,.facts{display:grid;grid-template-columns:auto 1fr;gap:.1rem .8rem;margin:0;font-size:.86rem;width:100%}
.cards .picture{width:84px}
dt{color:var(--soft)}dd{margin:0}
.facts{font-size:.95rem;gap:.35rem 1.4rem;max-width:46rem}
.hits{display:flex;gap:.7rem;align-items:flex-start}
.hit{display:flex;flex-direction:column;align-items:center;gap:.2rem;font-size:.78rem;color:var(--soft)}
.hit .picture{border-width:2px}.hit.same .picture,.hit.same .sound img{outline:3px solid var(--good);outline-offset:1px;border-radius:6px}
.hit .sound{width:8rem}
details{margin:.6rem 0}summary{cursor:pointer;color:var(--accent)}
.definitions dt{color:var(--ink);font-weight:600;margin-top:.7rem}.definitions dd{color:var(--soft);font-size:.92rem;max-width:46rem}
.matrix td,.matrix th{text-align:center}.matrix th:first-child{text-align:left}
.matrix td b{display:block;font-size:1.15rem}
footer{margin-top:4rem;color:var(--soft);font-size:.86rem}
@media (max-width:40rem){main{padding-top:2rem}.row .draw{display:none}.sound{width:8.5rem}h2{font-size:1.45rem}}
@media print{body{background:#fff}section{break-inside:auto}.chart,.map,.cards li,tr{break-inside:avoid}audio,summary{display:none}main{max-width:none;padding:0}}
`;
