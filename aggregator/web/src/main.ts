// The dispatchers' page.

import "@fontsource-variable/noto-sans-sc/index.css";
import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/frame.css";
import "./style/list.css";
import "./style/plan.css";
import "./style/detail.css";
import "./style/map.css";
import "./app.ts";
