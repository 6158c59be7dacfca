/** Letters of the device: nothing is fetched. Lengths follow the text, sides follow its direction. */
export const STYLE = `:root{color-scheme:light dark;--ink:#1d1d1f;--soft:#55555c;--paper:#fff;--tint:#f4f4f6;--line:#d5d5da;--accent:#9e2020}
@media (prefers-color-scheme:dark){:root{--ink:#f2f2f4;--soft:#b9b9c1;--paper:#1b1b1e;--tint:#26262a;--line:#4a4a52;--accent:#ff9c94}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;font:1rem/1.7 system-ui,sans-serif;color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
body:lang(fa){font-family:Vazirmatn,Tahoma,system-ui,sans-serif}:lang(fa) main{line-height:1.95}
code,pre,.route{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
a{color:var(--accent)}a:focus-visible,main:focus-visible,.wide:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:.2rem}
main:focus{outline:none}
.skip{position:absolute;inset-inline-start:1rem;top:-4rem;padding:.5rem 1rem;background:var(--paper);border:1px solid var(--accent);z-index:1}.skip:focus{top:.5rem}
header{display:flex;justify-content:space-between;align-items:center;gap:1rem;padding:.75rem 1.5rem;border-block-end:1px solid var(--line)}
h1{margin:0;font-size:1.1rem;font-weight:600}h1 span{font-weight:400;color:var(--soft)}
header a{padding:.3rem .9rem;border:1px solid var(--line);border-radius:.75rem;text-decoration:none}
.columns{display:grid;grid-template-columns:18rem minmax(0,1fr);max-width:78rem;margin:auto}
nav{position:sticky;top:0;max-height:100vh;overflow:auto;padding:1.5rem 1rem 3rem;border-inline-end:1px solid var(--line);font-size:.875rem;line-height:1.5}
nav ul{list-style:none;margin:0;padding:0}nav ul ul{margin-block:.15rem .6rem;padding-inline-start:.75rem}
nav a{display:block;padding:.2rem .4rem;text-decoration:none;color:var(--ink);border-radius:.4rem}nav a:hover{background:var(--tint)}
nav ul ul a{color:var(--soft)}nav b{font-weight:600;color:var(--accent);font-size:.8em}
nav [dir=ltr]{unicode-bidi:isolate;text-align:start}:lang(fa) nav [dir=ltr]{text-align:right}
main{padding:1.5rem 2rem 4rem}
h2{font-size:1.6rem;line-height:1.4;margin:0 0 1rem}h3{font-size:1.15rem;margin:2rem 0 .5rem}
h4{font-size:1rem;margin:1.25rem 0 .35rem}section h4>a,h2>a,h3>a,h4>a{color:inherit;text-decoration:none}h2>a:hover,h3>a:hover,h4>a:hover{text-decoration:underline}
article h4{font-size:.9rem;color:var(--soft);font-weight:600}
section+section{border-block-start:1px solid var(--line);margin-block-start:2.5rem;padding-block-start:2rem}
p,dl{margin:0 0 1rem;max-width:46rem}
code{font-size:.875em;background:var(--tint);border-radius:.3rem;padding:.1em .3em;unicode-bidi:isolate;direction:ltr}
pre{margin:0 0 1rem;padding:.9rem 1rem;background:var(--tint);border-radius:.6rem;line-height:1.55;white-space:pre-wrap;text-align:left}pre code{padding:0;background:none}
.route code{padding:.35rem .6rem;display:inline-block}.route b{color:var(--accent)}
dl{display:grid;grid-template-columns:minmax(6rem,max-content) minmax(0,1fr);gap:.35rem 1rem}dt,dd{margin:0}
dt code{white-space:normal}
.wide{overflow-x:auto;margin:0 0 1rem}table{border-collapse:collapse;font-size:.925rem}th,td{text-align:start;vertical-align:top;padding:.4rem .7rem;border-block-end:1px solid var(--line);min-width:5rem}td:first-child code{white-space:nowrap}
@media (max-width:56rem){.columns{display:block}nav{position:static;max-height:none;border:0;border-block-end:1px solid var(--line);padding:1rem}nav ul ul{display:none}
nav>ul{display:flex;flex-wrap:wrap;gap:.25rem .5rem}nav a{padding:.35rem .7rem;border:1px solid var(--line)}main{padding:1.25rem 1rem 3rem}
dl{grid-template-columns:minmax(0,1fr)}dd{margin-block-end:.5rem}header{padding:.75rem 1rem}}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}`
