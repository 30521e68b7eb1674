// Every text of the page in Chinese. English (`en.ts`) has the same shape, or does not compile; no
// more does a code of the API without a text, or a text without a code.

import type {
  Against,
  Cause,
  GaugeStatus,
  Method,
  Mode,
  OrderRefusal,
  OrderState,
  Parameter,
  Point,
  PointStatus,
  Quality,
  QualityTest,
  Reason,
  TruckState,
  UnservedCode,
} from "../model.ts";
import { people } from "./people-zh.ts";
import { refused } from "./refused-zh.ts";

/** A sentence that takes what its code comes with. */
type Say = (...params: never[]) => string;

export const zh = {
  app: "内涝调度台",
  skipToList: "跳到关注列表",
  loading: "正在读取全市状态…",
  fullStop: "。",
  comma: "、",
  sentenceGap: "",
  /** A sentence of its own out of a line. */
  sentence: (line: string) => `${line}。`,

  mode: {
    exercise: (speed: string) => `演练 ${speed}`,
    exerciseHint: "模拟数据，并非真实灾情；所下指令只发给模拟泵车。",
    replay: (speed: string) => `回放 ${speed}`,
    replayHint: "回放一场暴雨，并非眼下实况；所下指令只在回放中有效。",
    watermarkExercise: "演练",
    watermarkReplay: "回放",
  },

  line: {
    live: "实时",
    starting: "正在连接",
    lost: "连接中断",
    quiet: "无响应",
    quietBanner: (at: string, ago: string) =>
      `服务器没有响应。页面停在 ${at}（${ago}），此后的水情这里看不到，恢复前不能下令。`,
    lostBanner: (at: string, ago: string) =>
      `与服务器的连接已中断。页面停在 ${at}（${ago}），数据不再更新，恢复前不能下令。正在自动重连…`,
    deaf: {
      lost: (at: string) =>
        `系统与消息服务器（MQTT）的连接自 ${at} 起中断：收不到监测数据，指令也送不到泵车，恢复后自动补上。此页停在此前的水情。`,
      refused: (at: string) =>
        `消息服务器（MQTT）自 ${at} 起拒绝系统的订阅：监测数据收不全或收不到。请通知技术人员检查权限。`,
      "thrown-out": (at: string) =>
        `自 ${at} 起有另一程序以同一名称连接消息服务器（MQTT）：监测数据只能收到一部分。请通知技术人员。`,
    },
  },

  header: {
    language: "English",
    languageTitle: "Switch to English",
    dark: "深色",
    light: "浅色",
    themeTitle: "切换深色/浅色",
    help: "快捷键",
  },

  tabs: { list: "关注", plan: "派车", map: "地图" },

  search: {
    label: "查找积水点、监测计、泵车",
    placeholder: "查找积水点、监测计、泵车（/）",
    results: (n: number) => (n === 0 ? "没有找到" : `找到 ${n} 项`),
  },

  status: {
    severe: "严重",
    closure: "应封路",
    waterlogged: "积水",
    notice: "少量积水",
    dry: "无积水",
    unknown: "不明",
  } satisfies Record<PointStatus, string>,

  setting: {
    underpass: "下立交",
    street: "道路",
    tunnel: "隧道",
    estate: "小区",
  } satisfies Record<Point["type"], string>,

  trend: { rising: "上涨", falling: "消退", steady: "平稳" },
  /** Where a number would not be believed. */
  trendFast: { rising: "急涨", falling: "急落" },
  rateOf: (word: string, rate: string) => `${word} ${rate}`,

  cause: {
    "no-data": "水位计从未上报",
    stale: "水位计失联",
    suspect: "水位计存疑",
  } satisfies Record<Cause, string>,

  doubt: {
    status: (status: string) => `${status}（存疑）`,
    because: (cause: string, tests: string) => `${cause}：${tests}`,
    was: (depth: string, moves: string | null, ago: string, why: string) =>
      `${ago}水深 ${depth}${moves === null ? "" : `、${moves}`}；${why}`,
    wasFigure: "曾",
    aboveSpan: "高于量程",
    count: (n: number) => `其中 ${n} 处存疑`,
  },

  clearing: {
    draining: "退水中",
    drained: "已退尽",
    still: (status: string) => `${status}（退水中）`,
    was: {
      severe: (depth: string) => `曾严重积水（≥ ${depth}）`,
      closure: (depth: string) => `曾达封路水深（≥ ${depth}）`,
      waterlogged: (depth: string) => `曾积水（≥ ${depth}）`,
      notice: (depth: string) => `曾有少量积水（≥ ${depth}）`,
    },
    and: (past: string, next: string) => `${past}；${next}`,
    inspect: { road: "道路待检查", place: "现场待检查" },
    mayReopen: { road: "检查后可恢复通行", place: "检查后可解除封闭" },
    drySince: (at: string) => `${at} 起无积水`,
    lowSince: (at: string) => `${at} 起仅少量积水`,
  },

  age: {
    seconds: (n: number) => `${n} 秒前`,
    minutes: (n: number) => `${n} 分钟前`,
    never: "从未上报",
    observed: (at: string) => `观测于 ${at}`,
    since: (at: string) => `自 ${at}`,
    at: (at: string) => `${at} `,
  },

  inMinutes: (n: number) => (n === 0 ? "即刻" : `${n} 分钟后`),

  attention: {
    title: "需要关注",
    flooded: "正在积水",
    draining: "正在退水",
    reopening: "积水已退，待检查后恢复",
    coming: "60 分钟内将积水",
    doubtful: "情况不明，请核实",
    levels: "河道水位超警",
    problems: "数据问题",
    none: "目前没有积水点。",
    onlyDraining: (n: number) => `目前没有正在积水的点；${n} 处正在退水。`,
    unknownToo: (n: number) => `另有 ${n} 个积水点情况不明。`,
    noneAll: (all: number) => `${all} 个积水点都有可信数据。`,
    noneKnown: (known: number, unknown: number) =>
      `数据可信的 ${known} 个积水点没有积水；另有 ${unknown} 个情况不明。`,
    notKnown: (unknown: number, all: number) =>
      `全市是否积水无法判断：${all} 个积水点中 ${unknown} 个情况不明。不等于没有积水。`,
    notHeard: (at: string) => `${at} 之后的情况不明：没有收到服务器的数据。`,
    deaf: (at: string) => `${at} 之后的情况不明：监测数据没有收到或没有收全。不等于没有积水。`,
    waiting: (n: number) => `有 ${n} 项新变化，移开指针后显示`,
    gone: "已解除",
    reaches: (at: string, minutes: string) => `预计 ${at} 积水（${minutes}）`,
    reachesNow: "预计随时积水",
    peak: (depth: string, at: string) => `预报峰值 ${depth}，${at}`,
    closureAt: (at: string) => `预计 ${at} 达封路水深`,
    probability: (percent: number) => `概率 ${percent}%`,
    suspectDepth: (depth: string) => `可疑读数 ${depth}，未采信`,
    above: (by: string) => `超警 ${by}`,
  },

  gaugeStatus: {
    ok: "正常",
    silent: "从未上报",
    stale: "停报",
    fail: "读数无效",
    missing: "缺测",
    suspect: "读数可疑",
  } satisfies Record<GaugeStatus, string>,
  gaugeGroup: (n: number) => `${n} 个监测计`,
  gaugeMore: (n: number) => `另有 ${n} 个，可用查找`,

  agent: {
    title: "采集网关",
    offline: "离线",
    dropped: (n: string) => `已丢弃 ${n} 条读数`,
    spooled: (n: string) => `待传 ${n} 批`,
    failed: (n: string) => `启动以来 ${n} 次读数失败`,
    moreFaults: (n: number) => `另有 ${n} 项故障`,
    fault: {
      "spool-damaged": "缓存损坏，可能丢失部分数据",
      "spool-in-memory": "缓存写不进存储卡，断电会丢数据",
      draft: "暂存文件写不进存储卡，断电会丢数据",
      "spool-full": "缓存已满",
      clock: "网关时钟存疑",
      uplink: "上行中断",
      "thrown-out": "连接一再被断开，可能有网关重名",
      uncommitted: "数据已发出，但服务器没有确认",
      forged: "收到冒充服务器的消息，已忽略",
      certificate: "新证书无法使用，仍用旧证书",
      line: "采集线路打不开",
      unit: "设备没有应答",
      registers: "设备有应答，但读不到数据",
      "local-broker": "本地消息服务器连不上",
      payload: "监测计的报文无法解析",
      "gauge-clock": "监测计时钟存疑",
      remark: "服务器对读数有疑问",
    },
    silentSources: (n: number) => `${n} 路采集无响应`,
    holes: (n: string) => `数据有 ${n} 处缺口`,
    backfill: (at: string) => `正在补传至 ${at}`,
    more: (n: number) => `另有 ${n} 个网关有问题`,
  },

  refusedTitle: "异常输入（累计）",
  refusedLast: "查看最近的异常报文",
  unknownGauges: (ids: string) => `未登记的监测计：${ids}`,
  refused,

  parameter: {
    depth: "水深",
    stage: "水位（测尺）",
    "water-level": "水位",
    "rainfall-depth": "雨量",
    "rainfall-intensity": "雨强",
  } satisfies Record<Parameter, string>,

  quality: { 1: "合格", 2: "未检验", 3: "可疑", 4: "无效", 9: "缺测" } satisfies Record<
    Quality,
    string
  >,
  noQuality: "无观测",
  tests: {
    "gross-range": "超出量程或该处常识范围",
    spike: "孤立尖峰",
    "rate-of-change": "变化过快",
    "flat-line": "长时间不变",
    sentinel: "仪器报错值",
    clock: "时间不可信",
    corrected: "来源已更正",
  } satisfies Record<QualityTest, string>,

  truckState: {
    idle: "待命",
    driving: "行驶中",
    "setting-up": "架设中",
    pumping: "抽排中",
    "packing-up": "收车中",
    "out-of-service": "停用",
    unknown: "状态不明",
  } satisfies Record<TruckState, string>,

  orderState: {
    sent: "已下令，等待泵车确认",
    received: "泵车已接令",
    done: "已完成",
    recalled: "已召回",
  } satisfies Record<OrderState, string>,

  plan: {
    title: "派车建议",
    made: (version: number, at: string) => `方案 ${version}，${at} 生成`,
    none: "目前不需要派车。",
    noneRecommended: "目前没有派车建议。",
    noneKnown: (unknown: number) =>
      `数据可信的积水点目前不需要派车；另有 ${unknown} 个积水点情况不明。`,
    notKnown: (unknown: number, all: number) =>
      `是否需要派车无法判断：${all} 个积水点中 ${unknown} 个情况不明。`,
    deaf: (at: string) => `是否需要派车无法判断：${at} 之后监测数据没有收到或没有收全。`,
    noPlan: "还没有方案。",
    ordered: "已下令",
    proposed: "建议，等待确认",
    unserved: "暂不派车的积水点",
    unservedReason: {
      "no-truck-left": (trucks: string | null, capacity: string) =>
        `没有可派的泵车${trucks === null ? "" : `：再有 ${trucks} 台 ${capacity} 的才轮到此处`}`,
      "gain-below-switch": (gain: string, sending: string) =>
        `改派收益太小，不值得调动：收益 ${gain}，派车代价 ${sending}（加权 m³·h）`,
      "too-late": (minutes: string) => `来不及：最早的空闲泵车 ${minutes} 分钟后才能开抽`,
      "no-room": () => "此处不能停放泵车",
    } satisfies Record<UnservedCode["code"], Say>,
    waiting: (n: number) => `有 ${n} 条新建议，移开指针后显示`,
    gone: "方案已更新，此建议已撤回",
    standing: "沿用上一方案",
    to: "前往",
    now: "现水深",
    peak: "预报峰值",
    arrives: "到达",
    deadline: "时限",
    closureDepth: (depth: string) => `达到封路水深 ${depth}`,
    pumpsFrom: (at: string) => `${at} 开抽`,
    early: (n: number) => `提前 ${n} 分钟开抽`,
    late: (n: number) => `开抽晚 ${n} 分钟`,
    alreadyClosure: "已达封路水深",
    wasClosure: "最近一次可信读数已达封路水深",
    drains: "正在退水，没有时限",
    noDeadline: "预报期内不会达到封路水深",
    noForecast: "没有预报，无法给出时限",
    onSite: "到达时积水量",
    capacity: "抽排能力",
    drained: "排干",
    without: "不派车",
    notForecast: "没有预报",
    notWithin: (hours: string) => `${hours} 小时内排不干`,
    saved: (n: string) => `相当于 ${n}\u00a0m³ 积水少积 1 小时（已计重要程度）`,
    why: "理由",
    whyAt: (at: string) => `理由（${at} 时）`,
    against: "不利因素",
    nothingAgainst: "未发现不利因素",
    alternatives: "其他选择",
    noAlternative: "没有其他可派泵车",
    alternative: (eta: string, capacity: string, worth: number | null) =>
      `${eta}到，${capacity}${worth === null ? "" : `，效果为首选的 ${worth}%`}`,
    sendInstead: "改派",
    sendInsteadTitle: (truck: string) => `改派 ${truck}`,
    confirm: {
      actual: "确认派车",
      exercise: "确认派车（演练）",
      replay: "确认派车（回放）",
    } satisfies Record<Mode, string>,
    confirming: "正在下令…",
    recall: "召回",
    recalling: "正在召回…",
    lostLocked: "连接中断，不能下令",
    quietLocked: "服务器无响应，不能下令",
    refusedTitle: "没有下令：",
    recallRefused: "没有召回：",
    noAnswer: "服务器没有答复，请看下方“已下令”确认是否送达。",
    refusal: {
      "truck is busy": "这辆泵车已在执行另一指令。",
      "truck is out of service": "这辆泵车已停用。",
      "the plan has changed": "方案已更新，不再建议这一派车，请看最新建议。",
      "the order has ended": "这一指令已经结束。",
      "the order was not kept": "指令未能保存，没有发出，请重试。",
      "not found": "服务器上没有这辆泵车或这个积水点。",
      "not logged in": "尚未登录，指令没有发出。",
      "not allowed": "您无权下达这一指令，指令没有发出。",
    } satisfies Record<OrderRefusal, string>,
    issued: (at: string) => `${at} 下令`,
    eta: (at: string, minutes: string) => `预计 ${at} 到达（${minutes}）`,
    pumped: (volume: string) => `已抽 ${volume}`,
    straightLine: "按直线估算",
    timeline: { drive: "行驶", setUp: "架设", pump: "抽排", deadline: "黄线：达到封路水深" },
    steps: ["已发送", "已接令", "行驶", "架设", "抽排"],
    reason: {
      "depth-now": (depth: string) => `现有水深 ${depth}`,
      rising: (rate: string | null) => (rate === null ? "水位正在急涨" : `水位正以 ${rate} 上涨`),
      "forecast-peak": (depth: string, at: string) => `预报峰值 ${depth}，${at}`,
      "reaches-closure": (at: string) => `预计 ${at} 达到封路水深`,
      "important-place": (weight: string) => `重要地点（重要程度 ${weight}/5）`,
      "nearest-free": (eta: string) => `最近的空闲泵车，${eta} 分钟可到`,
      "capacity-fits": (capacity: string, net: string | null) =>
        net === null
          ? `能力 ${capacity}；预报来水不多于排水`
          : `能力 ${capacity}，大于净来水（来水减排水）${net}`,
      "heavy-rain": (rain: string) => `上游正下大雨，${rain}`,
    } satisfies Record<Reason["code"], Say>,
    objection: {
      "arrives-after-closure": (n: string) => `到达比封路时刻晚 ${n} 分钟`,
      "cannot-win": (net: string, capacity: string) =>
        `净来水（来水减排水）${net}，大于抽排能力 ${capacity}，单车排不赢`,
      "district-left-without-reserve": (district: string) => `${district}将没有备用泵车`,
      "straight-line-estimate": () => "路程按直线估算，实际可能更久",
      "forecast-unverified": () => "此处预报尚未经过检验",
      "depth-in-doubt": (minutes: string) => `水深存疑：最近一次可信读数在 ${minutes} 分钟前`,
      "truck-not-heard": (since: string | null) =>
        since === null
          ? "该泵车从未上报位置，按驻地估算"
          : `该泵车自 ${since} 起未上报，位置可能已变`,
    } satisfies Record<Against["code"], Say>,
  },

  detail: {
    close: "关闭",
    closeTitle: "关闭（Esc）",
    depth: "水深",
    lastDepth: "最后可信水深",
    trend: "变化",
    rain: "雨强",
    volume: "积水量",
    peak: "预报峰值",
    probability: "60 分钟内积水概率",
    interval: (n: string) => `每 ${n} 上报`,
    chartLabel: (name: string) => `${name}：近 3 小时观测与预报`,
    loading: "正在读取过程线…",
    failed: "过程线读取失败，将自动重试。",
    showTable: "数据表",
    showChart: "图",
    forecast: "预报",
    now: "现在",
    time: "时间",
    observed: "实测",
    quality: "质量",
    low: "偏低 (10%)",
    mid: "中值",
    high: "偏高 (90%)",
    summary: (depth: string, at: string, trend: string) => `${at} 水深 ${depth}，${trend}。`,
    summaryUnknown: (was: string) => `现在水深不明：${was}。不等于没有积水。`,
    summarySuspect: (depth: string) => `另有可疑读数 ${depth}，未采信。`,
    summaryPeak: (depth: string, at: string) => `预报 ${at} 达到峰值 ${depth}。`,
    summaryHour: (low: string, high: string) => `预报 60 分钟后 ${low}–${high}。`,
    summaryUncertain: (low: string | null, high: string) =>
      `60 分钟后难以预报：${low === null ? "可能无积水" : `低至 ${low}`}，也可能超过 ${high}。`,
    summaryNoForecast: "没有预报。",
    issued: (at: string, method: string) => `预报起点 ${at}（${method}）。`,
    method: {
      reservoir: "降雨、积水与排水",
      reckoned: "水位计无数据，按雨量推算",
      "rate-of-rise": "涨速外推",
    } satisfies Record<Method, string>,
    failingDrain: (takes: string, of: string) =>
      `排水不畅：每小时仅排 ${takes}，应排 ${of} 立方米。`,
    lacking: (what: string) => `尚未登记：${what}。`,
    lacks: {
      catchment: "汇水面积（预报未计雨量）",
      runoff: "径流系数（按 80 % 计）",
      drain: "排水能力（预报未计雨量）",
      storage: "蓄水曲线（按一般道路估计）",
    },
    skill: (n: string, horizon: number, error: string, persistence: string) =>
      `${horizon} 分钟预报已检验 ${n} 次：平均误差 ${error}；若假设水位不变，则为 ${persistence}`,
    skillWorse: "，目前并不更准",
    skillEvents: (hits: number, misses: number, falseAlarms: number) =>
      `；报中 ${hits}、漏报 ${misses}、空报 ${falseAlarms}`,
    unverified: "此处预报尚未经过检验。",
    gaugeSummary: (name: string, value: string, at: string) => `${name} ${at} 为 ${value}。`,
    gaugeNever: "从未上报，不能视为正常。",
    gaugeStale: (age: string) => `已停报，最后一次在 ${age}。`,
    failedTests: "未通过的检验",
    alertLevel: "警戒水位",
    truckAt: "位置上报",
    noReport: "从未上报，地图上为驻地",
    positionInDoubt: "最新上报的位置不可信（无定位或跳变），地图上为此前位置",
    truckPoint: "目的地",
    pumped: "本次已抽",
    thresholdLabel: (status: string, depth: string) => `${status} ${depth}`,
  },

  legend: {
    title: "图例",
    layers: "图层",
    points: "积水点",
    fromDepth: (depth: string) => `≥ ${depth}`,
    belowDepth: (depth: string) => `< ${depth}`,
    varies: "各点阈值不同",
    unknownHint: "无可信数据",
    clearingHint: "待检查",
    inDoubt: "存疑",
    inDoubtHint: "斜线",
    trucks: "泵车",
    working: (n: number) => `出动 ${n}`,
    rain: "雨量计",
    level: "水位计",
    noData: (n: number) => `无数据 ${n}`,
    routes: "派车路线",
    routeProposed: "建议（虚线）",
    routeOrdered: "已下令（实线）",
    stations: "泵站",
    shelters: "避难场所",
    communities: "居民小区（放大后显示）",
    districts: "行政区",
    canals: "河道",
    sewers: "排水管",
    roads: "道路",
  },

  map: {
    label: "内涝地图",
    canvas: "内涝地图。所有内容也在列表中。",
    noWebgl: "这台电脑不支持 WebGL 2，无法显示地图。列表、派车建议和过程线照常可用。",
    failed: "地图加载失败。列表、派车建议和过程线照常可用。",
    home: "全市",
    zoomIn: "放大",
    zoomOut: "缩小",
  },

  help: {
    title: "快捷键",
    rows: [
      ["/", "查找"],
      ["J / K", "下一项 / 上一项"],
      ["Enter", "打开所选项"],
      ["Esc", "关闭详情或清除查找"],
      ["?", "显示或关闭此表"],
    ],
    close: "关闭",
  },

  locale: "zh-CN",
  people,
};

export type Words = typeof zh;
