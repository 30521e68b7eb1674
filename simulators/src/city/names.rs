//! Names in the tradition of Shanghai: streets that run north–south after provinces, streets that
//! run east–west after cities, and coined two-character names for everything else.

/// Chinese and English (pinyin) form.
pub(super) type Pair = (&'static str, &'static str);

/// Provinces: north–south streets of the centre.
pub(super) const PROVINCES: [Pair; 28] = [
    ("西藏", "Xizang"),
    ("四川", "Sichuan"),
    ("江西", "Jiangxi"),
    ("河南", "Henan"),
    ("山东", "Shandong"),
    ("山西", "Shanxi"),
    ("福建", "Fujian"),
    ("浙江", "Zhejiang"),
    ("湖北", "Hubei"),
    ("广西", "Guangxi"),
    ("云南", "Yunnan"),
    ("贵州", "Guizhou"),
    ("陕西", "Shaanxi"),
    ("河北", "Hebei"),
    ("吉林", "Jilin"),
    ("黑龙江", "Heilongjiang"),
    ("青海", "Qinghai"),
    ("甘肃", "Gansu"),
    ("新疆", "Xinjiang"),
    ("热河", "Rehe"),
    ("安徽", "Anhui"),
    ("湖南", "Hunan"),
    ("海南", "Hainan"),
    ("辽宁", "Liaoning"),
    ("宁夏", "Ningxia"),
    ("江苏", "Jiangsu"),
    ("绥远", "Suiyuan"),
    ("西康", "Xikang"),
];

/// Cities: east–west streets of the centre.
pub(super) const CITIES: [Pair; 32] = [
    ("南京", "Nanjing"),
    ("北京", "Beijing"),
    ("天津", "Tianjin"),
    ("宁波", "Ningbo"),
    ("九江", "Jiujiang"),
    ("汉口", "Hankou"),
    ("福州", "Fuzhou"),
    ("广东", "Guangdong"),
    ("延安", "Yan'an"),
    ("淮海", "Huaihai"),
    ("复兴", "Fuxing"),
    ("建国", "Jianguo"),
    ("长寿", "Changshou"),
    ("武宁", "Wuning"),
    ("新闸", "Xinzha"),
    ("凤阳", "Fengyang"),
    ("厦门", "Xiamen"),
    ("苏州", "Suzhou"),
    ("海宁", "Haining"),
    ("武进", "Wujin"),
    ("大连", "Dalian"),
    ("长阳", "Changyang"),
    ("平凉", "Pingliang"),
    ("杭州", "Hangzhou"),
    ("昆明", "Kunming"),
    ("桂林", "Guilin"),
    ("柳州", "Liuzhou"),
    ("虹桥", "Hongqiao"),
    ("肇嘉浜", "Zhaojiabang"),
    ("零陵", "Lingling"),
    ("龙华", "Longhua"),
    ("张杨", "Zhangyang"),
];

const FIRST: [Pair; 24] = [
    ("安", "An"),
    ("宝", "Bao"),
    ("长", "Chang"),
    ("东", "Dong"),
    ("丰", "Feng"),
    ("古", "Gu"),
    ("海", "Hai"),
    ("虹", "Hong"),
    ("华", "Hua"),
    ("嘉", "Jia"),
    ("金", "Jin"),
    ("临", "Lin"),
    ("龙", "Long"),
    ("梅", "Mei"),
    ("南", "Nan"),
    ("浦", "Pu"),
    ("青", "Qing"),
    ("瑞", "Rui"),
    ("松", "Song"),
    ("天", "Tian"),
    ("新", "Xin"),
    ("永", "Yong"),
    ("云", "Yun"),
    ("中", "Zhong"),
];
const SECOND: [Pair; 25] = [
    ("平", "ping"),
    ("川", "chuan"),
    ("德", "de"),
    ("福", "fu"),
    ("港", "gang"),
    ("和", "he"),
    ("江", "jiang"),
    ("康", "kang"),
    ("兰", "lan"),
    ("陵", "ling"),
    ("陇", "long"),
    ("宁", "ning"),
    ("桥", "qiao"),
    ("泉", "quan"),
    ("山", "shan"),
    ("亭", "ting"),
    ("田", "tian"),
    ("湾", "wan"),
    ("溪", "xi"),
    ("兴", "xing"),
    ("阳", "yang"),
    ("园", "yuan"),
    ("泽", "ze"),
    ("庄", "zhuang"),
    ("塘桥", "tangqiao"),
];

/// A coined name; 600 indices in a row give 600 different names.
pub(super) fn coined(index: usize) -> (String, String) {
    let second = (index / FIRST.len() + index) % SECOND.len();
    let (a, b) = (FIRST.get(index % FIRST.len()), SECOND.get(second));
    let (Some(a), Some(b)) = (a, b) else {
        return ("新村".to_owned(), "Xincun".to_owned());
    };
    (format!("{}{}", a.0, b.0), format!("{}{}", a.1, b.1))
}

/// The numerals that villages and depots are counted with.
pub(super) const NUMERALS: [&str; 9] = ["一", "二", "三", "四", "五", "六", "七", "八", "九"];
