//! Signs that names and addresses of eastern Asia have. Data only.

/// Chinese family names of one sign and Korean ones.
pub(crate) static EASTERN_FAMILIES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏\
     魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵\
     万钱严覃武戴莫孔向汤張劉陳楊黃趙吳孫馬鄭謝許韓馮鄧蕭葉蘇魏呂盧鍾譚陸\
     김이박최정강조윤장임한오서신권황안송류유홍전고문양손배백허남심노하곽성차주우구민진지엄채원천방공";

/// Japanese family names, by spaces.
pub(crate) static JAPANESE_FAMILIES: &str = "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 \
     山口 松本 井上 木村 林 斎藤 清水 山崎 森 池田 橋本 阿部 石川 山下 \
     中島 石井 小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 \
     斉藤 福田 太田 西村 藤井 金子 岡本 藤原 中野 三浦 原田 中川 松田 \
     竹内 小野 田村 中山 和田 石田 森田 上田 原 内田 柴田 酒井 宮崎 \
     横山 高木 安藤 宮本 大野 小島 工藤 谷口 今井 高田 増田 丸山 杉山 \
     村田 大塚 新井 小山 平野 藤本 河野 上野 野口 武田 松井 千葉 岩崎 \
     菅原 木下 久保 佐野 野村 松尾 市川 菊地 杉本 古川 大西 島田 水野 \
     桜井 高野 渡邉 吉川 山内 西田 飯田 菊池 西川 小松 北村 安田 五十嵐 \
     川口 平田 関 中田 久保田 服部 東 岩田 土屋 川崎 福島 本田 辻 樋口 \
     秋山 田口";

/// Signs for parts of a country, a town and a street.
pub(crate) static EASTERN_PLACES: &str =
    "都道府県市区町村丁目番号省县區路街號巷弄镇乡楼座시군구동로길읍면리";
