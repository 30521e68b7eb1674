// The dispatchers' page: its styles, then its parts.
//
// The floors of the page, from the ground up. A module imports from floors below its own and from
// its own folder, never from above or beside; test/floors.test.mjs reads this list and holds it.
//
//   1  api                                  what the server tells, generated from its document
//   2  model                                what of that means what to the page
//   3  text/                                numbers, times and codes in the dispatcher's language
//   4  live/                                the state kept current, and orders on their way
//   5  choices, symbols, quantity, steady-rows     what is chosen to be seen, and how it is drawn
//   6  page                                 what every part of the page works with
//   7  attention/, dispatch/, detail/, map/, header, keyboard, announce     the parts
//   8  app                                  where each part stands
//   9  main

import "@fontsource-variable/noto-sans-sc/index.css";
import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/frame.css";
import "./style/attention.css";
import "./style/dispatch.css";
import "./style/detail.css";
import "./style/map.css";
import "./app.ts";
