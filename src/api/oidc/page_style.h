// The one style sheet of the pages, inline and named in their policy by its hash: for small screens
// and large ones, light and dark.
#pragma once

#include <string_view>

namespace domicile::api::oidc {

inline constexpr std::string_view kStyle =
    ":root{color-scheme:light dark}"
    "*{box-sizing:border-box}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;"
    "font:1rem/1.5 system-ui,sans-serif;background:#f3f4f6;color:#111827}"
    "main{width:100%;max-width:24rem;padding:2rem;border-radius:.75rem;background:#fff;"
    "box-shadow:0 1px 3px #0003}"
    "h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.2}"
    "p{margin:0 0 1rem}"
    "label{display:block;margin:0 0 1rem;font-weight:600}"
    "input{display:block;width:100%;margin-top:.25rem;padding:.625rem .75rem;font:inherit;"
    "font-weight:400;color:inherit;background:transparent;border:1px solid #6b7280;"
    "border-radius:.375rem}"
    "button{width:100%;padding:.625rem;font:inherit;font-weight:600;color:#fff;"
    "background:#1d4ed8;border:0;border-radius:.375rem;cursor:pointer}"
    "button:hover{background:#1e40af}"
    "button.other{margin-top:.75rem;color:#1d4ed8;background:transparent;border:1px solid #1d4ed8}"
    "button.other:hover{background:#1d4ed81a}"
    "[hidden]{display:none!important}"
    "figure{margin:0 0 1rem;text-align:center}"
    "figure svg{width:100%;max-width:16rem;height:auto;background:#fff;border-radius:.375rem}"
    "figcaption{margin-top:.5rem}"
    "code{font:1rem/1.5 ui-monospace,monospace;overflow-wrap:anywhere}"
    ":focus-visible{outline:3px solid #1d4ed8;outline-offset:2px}"
    "select{display:block;width:100%;margin-top:.25rem;padding:.625rem .75rem;font:inherit;"
    "font-weight:400;color:inherit;background:#fff;border:1px solid #6b7280;border-radius:.375rem}"
    "a{color:#1d4ed8}"
    "nav{margin-top:1rem}nav a{display:block;padding:.25rem 0}"
    "section{margin:1.5rem 0 0;padding:1.25rem 0 0;border-top:1px solid #d1d5db}"
    "h2{margin:0 0 .5rem;font-size:1.125rem;line-height:1.2}"
    "ul{margin:0 0 1rem;padding:0;list-style:none}"
    "li{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:center;padding:.5rem 0}"
    "li span{flex:1 1 12rem;overflow-wrap:anywhere}"
    "li button.other{width:auto;margin:0;padding:.25rem .75rem}"
    "section p{margin-bottom:.25rem}"
    "time{display:inline-block}"
    "main:has(section){max-width:32rem}"
    "b{overflow-wrap:anywhere}"
    ".note{padding:.75rem;border-left:4px solid #15803d;background:#dcfce7;color:#14532d}"
    ".problem{padding:.75rem;border-left:4px solid #b91c1c;background:#fee2e2;color:#7f1d1d}"
    "@media(prefers-color-scheme:dark){body{background:#111827;color:#f3f4f6}"
    "main,select{background:#1f2937}section{border-color:#4b5563}input,select{border-color:#9ca3af}"
    "a{color:#93c5fd}:focus-visible{outline-color:#60a5fa}"
    "button.other{color:#93c5fd;border-color:#93c5fd}"
    ".note{background:#052e16;color:#bbf7d0}"
    ".problem{background:#450a0a;color:#fecaca}}";

}  // namespace domicile::api::oidc
